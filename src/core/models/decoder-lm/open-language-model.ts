import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {openOnnxSession, type Device, type OnnxSession} from '../onnx-session.js';
import {ContextOwner, type ContextStore} from './context-owner.js';
import {ContextRows} from './context-rows.js';
import type {BuiltDescription} from './built-description.js';
import {DECODER_LM_FILES} from './decoder-lm-files.js';
import {ExportedGraph} from './exported-graph.js';
import type {LanguageModel, LanguageModelDescription} from './language-model.js';
import type {LanguageTokenizer} from './language-tokenizer.js';
import {openLanguageTokenizer} from './open-language-tokenizer.js';
import {StepQueue, type StepRunner} from './step-queue.js';

export interface LanguageModelOptions {
	/** As `buildDecoderLmGraphs` made it. */
	readonly graphsDirectory: string;
	/** Threads that share one operator. @default 1 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	/** Rows that run together at most. @default 8 */
	readonly maxBatchSize?: number;
	readonly clock?: Clock;
}

/**
 * Loads a language model into the calling thread.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`.
 */
export async function openLanguageModel(options: LanguageModelOptions): Promise<LanguageModel> {
	const {graphsDirectory, threads = 1, device = 'auto', maxBatchSize = 8, clock = systemClock} = options;
	const built = await readBuiltDescription(graphsDirectory);
	const tokenizer = await openLanguageTokenizer(join(graphsDirectory, DECODER_LM_FILES.tokenizer));
	const path = join(graphsDirectory, built.kind === 'own' ? DECODER_LM_FILES.graph : built.file);
	const session = await openOnnxSession(path, {threads, device});
	try {
		const {kind, text} = built;
		if (kind === 'exported') {
			// Its caches cannot be laid side by side.
			const runner = new ExportedGraph(session, path);
			const description = {...built.sizes, ...text};
			return createLanguageModel({session, runner, tokenizer, description, clock, maxBatchSize: 1});
		}
		const {architecture, vocabularySize, maxTokens} = built.dimensions;
		const runner = new ContextRows(session, built.dimensions);
		const description = {architecture, vocabularySize, maxTokens, ...text};
		return createLanguageModel({session, runner, tokenizer, description, clock, maxBatchSize});
	} catch (error) {
		await session.close();
		throw error;
	}
}

interface LanguageModelParts<Row extends {readonly length: number}> {
	readonly session: OnnxSession;
	readonly runner: StepRunner<Row> & Omit<ContextStore<Row>, 'step'>;
	readonly tokenizer: LanguageTokenizer;
	readonly description: LanguageModelDescription;
	readonly clock: Clock;
	readonly maxBatchSize: number;
}

function createLanguageModel<Row extends {readonly length: number}>({
	session,
	runner,
	tokenizer,
	description,
	clock,
	maxBatchSize,
}: LanguageModelParts<Row>): LanguageModel {
	const queue = new StepQueue(runner, {clock, maxBatchSize});
	const store: ContextStore<Row> = {
		add: () => runner.add(),
		fork: row => runner.fork(row),
		remove: row => runner.remove(row),
		dropSpan: (row, from, to) => runner.dropSpan(row, from, to),
		bytesOf: row => runner.bytesOf(row),
		step: (row, tokens, stepOptions) => queue.step(row, tokens, stepOptions),
	};
	const owner = new ContextOwner(store, description.maxTokens);
	let closing: Promise<void> | undefined;
	return {
		description,
		tokenizer,
		openContext: () => owner.open(),
		step: (context, tokens, stepOptions) => owner.step(context, tokens, stepOptions),
		statistics: () => queue.statistics,
		close: () =>
			(closing ??= (async () => {
				const reason = new InfinisstError('RESOURCE_CLOSED', 'The language model was closed');
				owner.close(reason);
				await queue.close(reason);
				await session.close();
			})()),
	};
}

async function readBuiltDescription(graphsDirectory: string): Promise<BuiltDescription> {
	const path = join(graphsDirectory, DECODER_LM_FILES.description);
	try {
		return JSON.parse(await readFile(path, 'utf8')) as BuiltDescription;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
		});
	}
}
