import type {DecoderDimensions} from './decoder-dimensions.js';
import type {LanguageModelDescription} from './language-model.js';

/** What is written beside a graph: all that is needed to run it but its tokenizer. */
export interface BuiltDescription {
	readonly dimensions: DecoderDimensions;
	readonly text: Pick<LanguageModelDescription, 'beginToken' | 'endTokens' | 'chatTemplate'>;
}
