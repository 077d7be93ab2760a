import type {DecoderDimensions} from './decoder-dimensions.js';
import type {LanguageModelDescription} from './language-model.js';

type TextFacts = Pick<LanguageModelDescription, 'beginToken' | 'endTokens' | 'chatTemplate'>;

/** What is written beside a graph: all that is needed to run it but its tokenizer. */
export type BuiltDescription =
	| {readonly kind: 'own'; readonly dimensions: DecoderDimensions; readonly text: TextFacts}
	| {
			readonly kind: 'exported';
			/** Name of the graph. */
			readonly file: string;
			readonly sizes: Pick<LanguageModelDescription, 'architecture' | 'vocabularySize' | 'maxTokens'>;
			readonly text: TextFacts;
	  };
