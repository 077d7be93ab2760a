import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {BatchDecoder} from '../decoding/batch-decoder.js';
import {DecoderBatch} from '../decoding/decoder-batch.js';
import {DecoderSource} from '../decoding/decoder-source.js';
import type {SequenceBatch} from '../decoding/sequence-batch.js';
import {WorkSchedule} from '../decoding/work-schedule.js';
import {openOnnxSession, type OnnxSession, type OnnxSessionOptions} from '../onnx-session.js';
import {HubDecoderBatch} from './hub-decoder-batch.js';
import {SEQ2SEQ_FILES, type Seq2seqDescription} from './seq2seq-description.js';
import type {TranslationModel, TranslationRequest, TranslationResult} from './translation-model.js';
import {TranslationSearch} from './translation-search.js';
import {openTranslationTokenizer} from './translation-tokenizers.js';
import type {TranslationTokenizer} from './translation-tokenizer.js';
import {WritingRules} from './writing-rules.js';

export interface OpenTranslationModelOptions extends OnnxSessionOptions {
	/** As `buildSeq2seqGraphs` made it. */
	readonly directory: string;
	/** As people name it. */
	readonly name: string;
	/** Sequences decoded together at most. @default 16 */
	readonly maxBatchSize?: number;
	readonly clock?: Clock;
}

/** @throws {InfinisstError} `MODEL_CORRUPT` if files are missing or damaged; as `openOnnxSession`. */
export async function openTranslationModel({
	directory,
	name,
	maxBatchSize = 16,
	clock = systemClock,
	...sessionOptions
}: OpenTranslationModelOptions): Promise<TranslationModel> {
	const description = await readDescription(directory);
	const tokenizer = await openTranslationTokenizer(directory, description);
	const encoder = await openOnnxSession(join(directory, SEQ2SEQ_FILES.encoder), sessionOptions);
	try {
		const decoder = await openOnnxSession(join(directory, SEQ2SEQ_FILES.decoder), sessionOptions);
		return new OnnxTranslationModel({name, description, tokenizer, encoder, decoder, maxBatchSize, clock});
	} catch (error) {
		await encoder.close();
		throw error;
	}
}

/** @throws {InfinisstError} `MODEL_CORRUPT`. */
export async function readDescription(directory: string): Promise<Seq2seqDescription> {
	const path = join(directory, SEQ2SEQ_FILES.description);
	try {
		return JSON.parse(await readFile(path, 'utf8')) as Seq2seqDescription;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
		});
	}
}

/** Codes it reads, and codes it writes for each. */
export function describePairs({
	sources,
	targets,
}: Pick<Seq2seqDescription, 'sources' | 'targets'>): Map<string, string[]> {
	return new Map(
		Object.keys(sources).map(source => [source, Object.keys(targets).filter(target => target !== source)]),
	);
}

interface Parts {
	readonly name: string;
	readonly description: Seq2seqDescription;
	readonly tokenizer: TranslationTokenizer;
	readonly encoder: OnnxSession;
	readonly decoder: OnnxSession;
	readonly maxBatchSize: number;
	readonly clock: Clock;
}

class OnnxTranslationModel implements TranslationModel {
	readonly name: string;
	readonly pairs: ReadonlyMap<string, readonly string[]>;
	readonly tokenizer: TranslationTokenizer;
	readonly maxTokens: number;
	readonly #description: Seq2seqDescription;
	readonly #encoder: OnnxSession;
	readonly #decoder: OnnxSession;
	readonly #schedule: WorkSchedule;
	readonly #batch: BatchDecoder;
	#closing: Promise<void> | undefined;
	#continuations: readonly number[] | undefined;

	constructor({name, description, tokenizer, encoder, decoder, maxBatchSize, clock}: Parts) {
		this.name = name;
		this.pairs = describePairs(description);
		this.tokenizer = tokenizer;
		this.maxTokens = description.dimensions.maxTokens;
		this.#description = description;
		this.#encoder = encoder;
		this.#decoder = decoder;
		const settings = {maxBatchSize, minBatchSize: 1, batchTimeoutMs: 0, dynamicBatching: true};
		this.#schedule = new WorkSchedule(settings, clock);
		this.#batch = new BatchDecoder(createBatch(decoder, description), settings, clock);
		this.#schedule.serve(this.#batch);
	}

	async translate(
		requests: readonly TranslationRequest[],
		signal?: AbortSignal,
	): Promise<TranslationResult[]> {
		for (const request of requests) this.#assertPossible(request);
		return Promise.all(requests.map(request => this.#translateOne(request, signal)));
	}

	statistics() {
		return this.#batch.statistics;
	}

	close(): Promise<void> {
		return (this.#closing ??= (async () => {
			await this.#schedule.close(
				new InfinisstError('RESOURCE_CLOSED', `The translation model "${this.name}" was closed`),
			);
			await Promise.all([this.#encoder.close(), this.#decoder.close()]);
		})());
	}

	async #translateOne(
		request: TranslationRequest,
		signal: AbortSignal | undefined,
	): Promise<TranslationResult> {
		const options = signal === undefined ? {} : {signal};
		const source = await this.#schedule.encode(() => this.#encode(request.tokens), options);
		const task = new TranslationSearch(this.#searchOptions(request, source));
		await this.#schedule.decode(task, options);
		return task.result;
	}

	/** One text at a time, so that it does not depend on others. */
	async #encode(tokens: readonly number[]): Promise<DecoderSource> {
		const {layout} = this.#description;
		const shape = [1, tokens.length];
		const inputs =
			layout === 'own'
				? {tokens: this.#encoder.integers(tokens, shape)}
				: {
						input_ids: this.#encoder.integers(tokens, shape),
						attention_mask: this.#encoder.integers(
							tokens.map(() => 1),
							shape,
						),
					};
		const tensors = await this.#encoder.run(inputs);
		const named = Object.entries(tensors).map(
			([name, {data}]) => [name === 'last_hidden_state' ? 'states' : name, data as Float32Array] as const,
		);
		return new DecoderSource(tokens.length, new Map(named));
	}

	#searchOptions(request: TranslationRequest, source: DecoderSource) {
		const {startToken, endToken, targets, targetTokenIn, badWords, search, dimensions, layout} =
			this.#description;
		const {forcedPrefix = []} = request;
		const language = targetTokenIn === 'target' ? targets[request.target] : undefined;
		const steering = typeof language === 'number' ? [startToken, language] : [startToken];
		const prompt = [...steering, ...forcedPrefix];
		return {
			source,
			prompt,
			endToken,
			rules: new WritingRules({
				badWords: [...badWords, ...(request.badWords ?? [])],
				noRepeatNgram: request.noRepeatNgram ?? search.noRepeatNgram,
				renormalizes: search.renormalizes,
				...(request.prefixEndsWord === true && {
					wordBoundary: {at: prompt.length, forbidden: this.#wordContinuations()},
				}),
			}),
			beams: request.beams ?? search.beams,
			lengthPenalty: request.lengthPenalty ?? search.lengthPenalty,
			earlyStopping: search.earlyStopping,
			maxTokens: Math.min(request.maxTokens ?? search.maxTokens, dimensions.maxTokens - prompt.length),
			forcesEnd: search.forcesEnd,
			// transformers counts the language as written, unless it is given more to begin with.
			countedPrompt: forcedPrefix.length === 0 ? steering.length - 1 : 0,
			withAlignment: request.withAlignment === true && layout === 'own',
		};
	}

	/** Tokens that go on with the word before them. */
	#wordContinuations(): readonly number[] {
		return (this.#continuations ??= Array.from(
			{length: this.#description.dimensions.vocabularySize},
			(_, token) => token,
		).filter(token => this.tokenizer.continuesWord(token)));
	}

	#assertPossible({tokens, target, forcedPrefix = []}: TranslationRequest): void {
		if (this.#closing !== undefined)
			throw new InfinisstError('RESOURCE_CLOSED', `The translation model "${this.name}" was closed`);
		if (!(target in this.#description.targets)) {
			throw new InfinisstError('LANGUAGE_PAIR_UNSUPPORTED', `${this.name} does not write "${target}".`, {
				hint: `It writes: ${Object.keys(this.#description.targets).join(', ')}.`,
			});
		}
		// Start, language, and one token to write.
		const longest = Math.max(tokens.length, forcedPrefix.length + 3);
		if (longest <= this.maxTokens) return;
		throw new InfinisstError(
			'LIMIT_EXCEEDED',
			`A text of ${longest} tokens is too long for ${this.name}, which takes ${this.maxTokens}.`,
			{hint: 'Translate it sentence by sentence.'},
		);
	}
}

function createBatch(decoder: OnnxSession, {layout, dimensions}: Seq2seqDescription): SequenceBatch {
	const {decoderHeads: heads, decoderLayers: layers, width, vocabularySize} = dimensions;
	const shape = {heads, headSize: width / heads, layers, vocabularySize};
	if (layout === 'hub') return new HubDecoderBatch(decoder, {...shape, width});
	return new DecoderBatch(decoder, {
		...shape,
		lengthsInput: 'source_lengths',
		cross: [
			{name: 'cross_key', type: 'float32', shape: ['heads', 'source', 'size']},
			{name: 'cross_value', type: 'float32', shape: ['heads', 'source', 'size']},
		],
	});
}
