import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {openOnnxSession, type Device} from '../onnx-session.js';
import {ContextOwner, type ContextStore} from './context-owner.js';
import {ContextRows, type ContextRow} from './context-rows.js';
import type {BuiltDescription} from './built-description.js';
import {DECODER_LM_FILES} from './decoder-lm-files.js';
import type {LanguageModel} from './language-model.js';
import {openLanguageTokenizer} from './open-language-tokenizer.js';
import {StepQueue} from './step-queue.js';

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
	const session = await openOnnxSession(join(graphsDirectory, DECODER_LM_FILES.graph), {threads, device});
	const rows = new ContextRows(session, built.dimensions);
	const queue = new StepQueue(rows, {clock, maxBatchSize});
	const store: ContextStore<ContextRow> = {
		add: () => rows.add(),
		fork: row => rows.fork(row),
		remove: row => rows.remove(row),
		dropSpan: (row, from, to) => rows.dropSpan(row, from, to),
		bytesOf: ({length}) => rows.bytesOf(length),
		step: (row, tokens, stepOptions) => queue.step(row, tokens, stepOptions),
	};
	const {architecture, vocabularySize, maxTokens} = built.dimensions;
	const owner = new ContextOwner(store, maxTokens);
	let closing: Promise<void> | undefined;
	return {
		description: {architecture, vocabularySize, maxTokens, ...built.text},
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
