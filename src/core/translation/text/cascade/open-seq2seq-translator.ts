import {InfinisstError} from '../../../errors.js';
import {
	openTranslationModel,
	type OpenTranslationModelOptions,
} from '../../../models/seq2seq/open-translation-model.js';
import type {TranslationModel} from '../../../models/seq2seq/translation-model.js';
import type {
	TextTranslation,
	TextTranslationOptions,
	TextTranslator,
	TextTranslatorCapabilities,
} from '../text-translator.js';
import {IncrementalCascade, type CascadeSettings} from './incremental-cascade.js';

export type OpenSeq2seqTranslatorOptions = OpenTranslationModelOptions & CascadeSettings;

/**
 * Loads an encoder-decoder model that translates texts as they grow.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT`, `DEVICE_UNAVAILABLE`.
 */
export async function openSeq2seqTranslator({
	contextSentences,
	beams,
	onTerm,
	...options
}: OpenSeq2seqTranslatorOptions): Promise<TextTranslator> {
	const model = await openTranslationModel(options);
	return new CascadeTranslator(model, {
		...(contextSentences !== undefined && {contextSentences}),
		...(beams !== undefined && {beams}),
		...(onTerm && {onTerm}),
	});
}

/** Makes any translation model a translator of texts that grow. */
export class CascadeTranslator implements TextTranslator {
	readonly capabilities: TextTranslatorCapabilities;
	readonly #model: TranslationModel;
	readonly #settings: CascadeSettings;
	readonly #running = new Set<Promise<unknown>>();
	#closing: Promise<void> | undefined;

	constructor(model: TranslationModel, settings: CascadeSettings = {}) {
		this.#model = model;
		this.#settings = settings;
		this.capabilities = {model: model.name, pairs: model.pairs};
	}

	open(options: TextTranslationOptions, state?: unknown): TextTranslation {
		const {model, pairs} = this.capabilities;
		if (this.#closing !== undefined) throw new InfinisstError('RESOURCE_CLOSED', `${model} was closed`);
		const {sourceLanguage, target} = options;
		if (pairs.get(sourceLanguage)?.includes(target) !== true) {
			throw new InfinisstError(
				'LANGUAGE_PAIR_UNSUPPORTED',
				`${model} does not translate from ${sourceLanguage} to ${target}.`,
				{hint: `It reads ${[...pairs.keys()].join(', ')}.`},
			);
		}
		const cascade = new IncrementalCascade(this.#model, options, this.#settings, state);
		return {
			translate: async (turn, signal) => {
				const running = cascade.translate(turn, signal);
				this.#running.add(running);
				try {
					return await running;
				} finally {
					this.#running.delete(running);
				}
			},
			change: change => cascade.change(change),
			checkpoint: () => cascade.checkpoint(),
			close: () => cascade.close(),
		};
	}

	close(): Promise<void> {
		return (this.#closing ??= (async () => {
			await Promise.allSettled(this.#running);
			await this.#model.close();
		})());
	}
}
