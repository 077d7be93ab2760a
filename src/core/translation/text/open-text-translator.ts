import type {ModelFamily} from '../../models/catalogue/catalogue.js';
import type {TextSettings} from './text-settings.js';
import type {TextTranslator} from './text-translator.js';

/** A model of texts as a replica loads it; plain data. */
export interface TextModelOptions extends TextSettings {
	readonly family: Exclude<ModelFamily, 'whisper'>;
	/** As the builder of its family made it. */
	readonly graphsDirectory: string;
	/** As people name it. */
	readonly name: string;
	/** Codes that it reads, and those that it writes. */
	readonly languages: readonly string[];
	readonly targets: readonly string[];
	/** Threads that share one operator. @default 1 */
	readonly threads?: number;
}

/** Told of what happens now and then, by name: such as `term-kept`. */
export type CountText = (name: string) => void;

/**
 * Loads a model that translates text into the calling thread.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT`, `MODEL_UNSUPPORTED`.
 */
export async function openTextTranslator(
	{family, graphsDirectory, name, languages, targets, threads, ...settings}: TextModelOptions,
	onCount: CountText = () => undefined,
): Promise<TextTranslator> {
	const shared = {...(threads !== undefined && {threads})};
	const onTerm = (isKept: boolean): void => onCount(isKept ? 'term-kept' : 'term-missed');
	switch (family) {
		case 'decoder-lm': {
			const {openLanguageModel} = await import('../../models/decoder-lm/open-language-model.js');
			const {openAgentTranslator} = await import('./agent/open-agent-translator.js');
			const model = await openLanguageModel({graphsDirectory, ...shared});
			return openAgentTranslator({
				model,
				name,
				languages: [...new Set([...languages, ...targets])],
				onTerm,
				...(settings.maxCacheTokens !== undefined && {maxCacheTokens: settings.maxCacheTokens}),
			});
		}
		case 'seq2seq': {
			const {openSeq2seqTranslator} = await import('./cascade/open-seq2seq-translator.js');
			return openSeq2seqTranslator({
				directory: graphsDirectory,
				name,
				...shared,
				onTerm,
				...(settings.contextSentences !== undefined && {contextSentences: settings.contextSentences}),
			});
		}
	}
}
