import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {DEFAULT_BATCH_SETTINGS} from '../../../src/core/engine/batch-settings.js';
import {openOnnxSession, type OnnxSession} from '../../../src/core/models/onnx-session.js';
import {BatchDecoder} from '../../../src/core/models/decoding/batch-decoder.js';
import {crossShape} from '../../../src/core/models/decoding/decoder-batch.js';
import {crossTensors} from '../../../src/core/models/whisper/cross-tensors.js';
import {DecoderBatch} from '../../../src/core/models/decoding/decoder-batch.js';
import {decoderShape} from '../../../src/core/models/whisper/decoder-shape.js';
import {GreedySearch} from '../../../src/core/models/whisper/greedy-search.js';
import {modelFile, readDescription} from '../../../src/core/models/whisper/model-files.js';
import {DecoderSource} from '../../../src/core/models/decoding/decoder-source.js';
import {TokenRules} from '../../../src/core/models/whisper/token-rules.js';
import type {WhisperDescription} from '../../../src/core/models/whisper/whisper-description.js';
import {WorkSchedule} from '../../../src/core/models/decoding/work-schedule.js';
import {systemClock} from '../../../src/core/util/clock.js';
import {createRandom} from '../../../src/core/util/random.js';
import {buildRandomWhisper} from '../../helpers/random-whisper.js';

const TASKS = 2000;
const MAX_BATCH_SIZE = 8;

/** Windows of live sessions are up to 11 s; now and then one is decoded again at the full 30 s. */
const LIVE_FRAMES = [100, 550] as const;
const FULL_FRAMES = 1500;

let folder: string;
let session: OnnxSession;
let description: WhisperDescription;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
	const graphsDirectory = await buildRandomWhisper(folder, 'int8');
	description = await readDescription(graphsDirectory);
	session = await openOnnxSession(modelFile(graphsDirectory, 'decoder'));
}, 60_000);

afterAll(async () => {
	await session.close();
	await rm(folder, {recursive: true});
});

/** Audio of noise, as long as the graph wants it. */
function makeAudio(frames: number): DecoderSource {
	const {crossFormat, dimensions} = description;
	const tensors = Array.from({length: dimensions.decoderLayers}, (_, layer) => layer).flatMap(layer =>
		crossTensors(crossFormat).map(tensor => {
			const size = crossShape(tensor, decoderShape(description), 1, frames).reduce(
				(product, axis) => product * axis,
			);
			const values = tensor.type === 'int8' ? new Int8Array(size).fill(3) : new Float32Array(size).fill(0.01);
			return [`${tensor.name}.${layer}`, values] as const;
		}),
	);
	return new DecoderSource(frames, new Map(tensors));
}

it('holds no more memory after two thousand tasks over windows of all lengths than its rows need', async () => {
	const random = createRandom(5);
	const schedule = new WorkSchedule({...DEFAULT_BATCH_SETTINGS, maxBatchSize: MAX_BATCH_SIZE}, systemClock);
	const batch = new DecoderBatch(session, decoderShape(description));
	schedule.serve(new BatchDecoder(batch, schedule.settings, systemClock));
	const {startOfTranscript, transcribe, noTimestamps} = description.specialTokens;
	const rules = new TokenRules(description, {withTimestamps: false});
	const decode = async (frames: number): Promise<void> => {
		const text = Array.from({length: 10 + Math.floor(random() * 50)}, () => 400);
		const prompt = [startOfTranscript, description.languageTokens['en']!, transcribe, noTimestamps, ...text];
		const maxTokens = 2 + Math.floor(random() * 4);
		const audio = makeAudio(frames);
		await schedule.decode(
			new GreedySearch({audio, prompt, rules, description, maxTokens, withAlignment: true}),
		);
	};
	const residentBytes: number[] = [];
	const speak = async (tasks: number): Promise<void> => {
		for (let done = 0; done < tasks;) {
			const together = 1 + Math.floor(random() * 2 * MAX_BATCH_SIZE);
			await Promise.all(
				Array.from({length: together}, () =>
					decode(
						random() < 0.002
							? FULL_FRAMES
							: LIVE_FRAMES[0] + Math.floor(random() * (LIVE_FRAMES[1] - LIVE_FRAMES[0])),
					),
				),
			);
			done += together;
		}
		residentBytes.push(process.memoryUsage.rss());
	};
	for (let part = 0; part < 8; part++) await speak(TASKS / 8);
	expect(batch.rows).toHaveLength(0);
	// What eight rows at the full length would take, and half of it.
	const {heads, decoderLayers} = description.dimensions;
	const bytesPerFrame = decoderLayers * heads * (2 * 64 + 4);
	const pastBytes = decoderLayers * heads * 64 * 2 * 4 * 128;
	expect(batch.byteLength).toBeLessThan(1.5 * MAX_BATCH_SIZE * (FULL_FRAMES * bytesPerFrame + pastBytes));
	// Once it has seen every kind of load it stays as it is.
	const [, early, ...later] = residentBytes as [number, number, ...number[]];
	expect(Math.max(...later.slice(-3)) - early).toBeLessThan(24e6);

	await Promise.all(Array.from({length: MAX_BATCH_SIZE}, () => decode(FULL_FRAMES)));
	const peakBytes = batch.byteLength;
	for (let quiet = 0; quiet < 200; quiet++) await decode(100);
	expect(batch.byteLength).toBeLessThan(peakBytes / 2);
});
