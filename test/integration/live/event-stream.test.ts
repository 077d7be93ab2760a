import {afterAll, beforeAll, expect, it} from 'vitest';
import type {Engine, SessionOptions, SessionUpdate} from '../../../src/core/engine/engine.js';
import {findBrokenRules} from '../../../src/core/engine/testing/event-rules.js';
import {openWhisperReplica} from '../../../src/core/engine/whisper-replica.js';
import {createRandom} from '../../../src/core/util/random.js';
import {timelessEvents} from '../../contract/run-session.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

const SECOND = 16_000;

/** A recording, or part of one, and how it is translated. */
interface Case {
	readonly title: string;
	readonly file: string;
	readonly fromSecond?: number;
	readonly toSecond: number;
	readonly options: SessionOptions;
}

const CASES: readonly Case[] = [
	{
		title: 'English captions and translation',
		file: 'dev/en_jfk.flac',
		toSecond: 11,
		options: {sourceLanguage: 'auto', targets: ['same', 'en'], latencyMultiplier: 1, words: true},
	},
	{
		title: 'German captions and translation',
		file: 'dev/de_fleurs01.ogg',
		toSecond: 8,
		options: {sourceLanguage: 'de', targets: ['same', 'en'], latencyMultiplier: 2},
	},
	{
		title: 'a change of language',
		file: 'awkward/five_languages.flac',
		fromSecond: 6,
		toSecond: 20,
		options: {sourceLanguage: 'auto', targets: ['same'], latencyMultiplier: 1, partials: false},
	},
	{
		title: 'Chinese under local agreement',
		file: 'dev/zh_aishell.wav',
		toSecond: 5,
		options: {sourceLanguage: 'zh', targets: ['same'], latencyMultiplier: 1, policy: 'local-agreement'},
	},
];

/** How audio is written: the lengths of its pieces, and whether to wait between them. */
interface Delivery {
	readonly title: string;
	readonly nextSamples: (random: () => number) => number;
	/** Turns of the event loop between two pieces, so that pieces and looks meet in any order. */
	readonly turns?: (random: () => number) => number;
}

const DELIVERIES: readonly Delivery[] = [
	{title: 'all at once', nextSamples: () => 30 * SECOND},
	{title: 'pieces of 1 sample to 3 s', nextSamples: random => Math.ceil((3 * SECOND) ** random())},
	{
		title: 'pieces of 0.1 s with random delays',
		nextSamples: () => SECOND / 10,
		turns: random => Math.floor(random() * 40),
	},
	{
		title: 'random pieces with random delays',
		nextSamples: random => Math.ceil(SECOND ** (0.6 + 0.4 * random())),
		turns: random => (random() < 0.2 ? 200 : 0),
	},
];

/** Runs a session; its reader notes how much was written when each update came. */
async function deliver(
	engine: Engine,
	audio: Float32Array,
	options: SessionOptions,
	{nextSamples, turns}: Delivery,
	seed = 1,
): Promise<SessionUpdate[]> {
	const random = createRandom(seed);
	const session = await engine.openSession(options);
	let written = 0;
	const updates: SessionUpdate[] = [];
	const reading = (async () => {
		for await (const update of session.updates) {
			for (const event of update.events) {
				if ('audioMs' in event) expect(event.audioMs * 16, event.type).toBeLessThanOrEqual(written);
			}
			updates.push(update);
		}
	})();
	const writing = (async () => {
		while (written < audio.length) {
			const piece = audio.slice(written, written + nextSamples(random));
			written += piece.length;
			await session.write(piece);
			for (let turn = turns?.(random) ?? 0; turn > 0; turn--)
				await new Promise<void>(resolve => setImmediate(resolve));
		}
		session.end();
	})();
	await Promise.all([reading, Promise.race([writing, reading])]);
	return updates;
}

/** The text of a target, put together as a listener would: finals, and what is likely to follow. */
function assertListenerIsNeverMisled(updates: readonly SessionUpdate[], target: string): string {
	let transcript = '';
	let segments = '';
	for (const {events} of updates) {
		for (const event of events) {
			if (event.type === 'text-final' && event.target === target) {
				transcript += event.text;
				expect(event.endMs).toBeLessThanOrEqual(event.audioMs);
			} else if (event.type === 'segment-ended' && event.target === target) {
				segments += ` ${event.text}`;
			}
		}
	}
	expect(segments.replaceAll(' ', '')).toBe(transcript.replaceAll(' ', ''));
	return transcript;
}

describeWithShared('the events of a live session', () => {
	describeWithWhisperBase('of whisper-base in the default precision', () => {
		let engine: Engine;

		beforeAll(async () => {
			engine = await openWhisperReplica({
				graphsDirectory: await ensureWhisperBase('int8'),
				id: 'replica',
			});
		});

		afterAll(() => engine.close());

		it.each(CASES)('are the same however the audio comes: $title', async testCase => {
			const {file, fromSecond = 0, toSecond, options} = testCase;
			const audio = (await readClip(`audio/${file}`)).slice(fromSecond * SECOND, toSecond * SECOND);
			// Side by side, so that looks of different sessions meet in one batch too.
			const runs = await Promise.all(
				DELIVERIES.map((delivery, index) => deliver(engine, audio, options, delivery, 100 + index)),
			);
			const [first] = runs as [SessionUpdate[]];
			for (const [index, updates] of runs.entries()) {
				const {title} = DELIVERIES[index]!;
				const events = updates.flatMap(update => update.events);
				expect(findBrokenRules(events, {targets: options.targets}), title).toEqual([]);
				for (const target of options.targets)
					expect(assertListenerIsNeverMisled(updates, target).length, title).toBeGreaterThan(4);
				expect(timelessEvents(updates), title).toEqual(timelessEvents(first));
			}
		});

		it('are the same alone and among 15 others', async () => {
			const files = ['en_jfk.flac', 'de_fleurs05.flac', 'es_fleurs02.flac', 'fr_fleurs04.flac'] as const;
			const languages = ['en', 'de', 'es', 'fr'];
			const clips = await Promise.all(files.map(file => readClip(`audio/dev/${file}`)));
			const sessions = Array.from({length: 16}, (_, index) => ({
				// Four starts for each clip, so that no two sessions hear the same.
				audio: clips[index % 4]!.slice(
					Math.floor(index / 4) * 700,
					8 * SECOND - Math.floor(index / 4) * 3000,
				),
				options: {
					sourceLanguage: languages[index % 4]!,
					targets: [index % 8 < 4 ? 'same' : 'en'],
					latencyMultiplier: index % 3 === 0 ? 2 : 1,
				} satisfies SessionOptions,
			}));
			const run = ({audio, options}: (typeof sessions)[number], index: number): Promise<SessionUpdate[]> =>
				deliver(engine, audio, options, DELIVERIES[index % DELIVERIES.length]!, index);
			const before = (await engine.statistics())[0]!.batchSizes;
			const together = await Promise.all(sessions.map(run));
			const after = (await engine.statistics())[0]!.batchSizes;
			const largest = Math.max(
				...Object.keys(after)
					.map(Number)
					.filter(size => after[size] !== before[size]),
			);
			expect(largest).toBeGreaterThan(1);
			// Each alone would take as long again as all together did: a few of each kind.
			for (const index of [0, 1, 6, 11]) {
				const alone = await run(sessions[index]!, index);
				expect(findBrokenRules(alone.flatMap(({events}) => events))).toEqual([]);
				expect(timelessEvents(together[index]!), `session ${index}`).toEqual(timelessEvents(alone));
			}
			const texts = together.map((updates, index) =>
				assertListenerIsNeverMisled(updates, sessions[index]!.options.targets[0]!),
			);
			expect(texts.every(text => text.length > 10)).toBe(true);
		});
	});
});
