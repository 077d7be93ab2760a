import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {PRECISIONS} from '../../../src/core/models/precision.js';
import type {EncodedAudio} from '../../../src/core/models/whisper/whisper-encoder.js';
import {createRandom} from '../../../src/core/util/random.js';
import {openLocalWhisper, type LocalWhisper} from '../../helpers/local-whisper.js';
import {buildRandomWhisper, RANDOM_DIMENSIONS} from '../../helpers/random-whisper.js';

const random = createRandom(2);
const samples = Float32Array.from({length: 32_000}, () => random() - 0.5);

describe.each(PRECISIONS)('a model with the features of large-v3 in %s', precision => {
	let folder: string;
	let whisper: LocalWhisper;
	let audio: EncodedAudio;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
		whisper = await openLocalWhisper(await buildRandomWhisper(folder, precision));
		audio = await whisper.encoder.encode(samples, 1000);
	}, 60_000);

	afterAll(async () => {
		await whisper.close();
		await rm(folder, {recursive: true});
	});

	it('is described by its weights', () => {
		const {dimensions, languageTokens, specialTokens, alignmentHeads} = whisper.description;
		expect(dimensions).toEqual(RANDOM_DIMENSIONS);
		expect(Object.keys(languageTokens)).toHaveLength(100);
		expect(specialTokens.timestampBegin).toBe(50_365);
		expect(alignmentHeads).toEqual([
			[1, 0],
			[1, 1],
		]);
	});

	it('encodes audio at its own length, into numbers', () => {
		expect(audio.frames).toBe(150);
		expect(audio.states).toHaveLength(150 * RANDOM_DIMENSIONS.width);
		expect(audio.states.every(value => Number.isFinite(value))).toBe(true);
	});

	it('detects one of its 100 languages', async () => {
		const probabilities = await whisper.decoder.detectLanguage(await whisper.decoder.prepare(audio));
		expect(probabilities.size).toBe(100);
		expect([...probabilities.values()].reduce((a, b) => a + b)).toBeCloseTo(1, 5);
		expect(probabilities.has('yue')).toBe(true);
	});

	it('writes tokens, with times, and the same ones in company', async () => {
		const request = {language: 'yue', maxTokens: 30, timedFrames: 100};
		const alone = await whisper.search(audio, request);
		expect(alone.tokens.length).toBeGreaterThan(0);
		expect(alone.logProbabilities.every(value => value <= 0)).toBe(true);
		expect(alone.times.every(time => time!.endMs >= time!.startMs && time!.endMs <= 2000)).toBe(true);
		const other = await whisper.encoder.encode(samples.subarray(0, 9000), 500);
		const [together] = await Promise.all([
			whisper.search(audio, request),
			whisper.search(other, {language: 'en', withTimestamps: true, maxTokens: 30}),
			whisper.search(other, {language: 'de', beamSize: 3, maxTokens: 30}),
		]);
		expect(together).toEqual(alone);
	});

	it('writes timestamps where it is asked to', async () => {
		const {tokens} = await whisper.search(audio, {language: 'en', withTimestamps: true, maxTokens: 20});
		expect(tokens[0]).toBeGreaterThanOrEqual(50_365);
		expect(tokens[0]).toBeLessThanOrEqual(50_365 + 50);
	});
});
