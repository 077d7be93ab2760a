import {describe, expect, it} from 'vitest';
import {LATENCY_MULTIPLIERS, POLICY_NAMES} from '../../../../../src/core/engine/engine.js';
import {findBrokenRules} from '../../../../../src/core/engine/testing/event-rules.js';
import {latencySettings} from '../../../../../src/core/translation/policy/latency-settings.js';
import {TICK_SAMPLES} from '../../../../../src/core/translation/live/live-translation.js';
import {runLive, transcript} from '../../../../helpers/run-live.js';
import {makeSpeech, ScriptedWhisper, speechOf} from '../../../../helpers/scripted-whisper.js';

const TEXTS = Array.from({length: 60}, (_, index) => ` w${index}${index % 9 === 8 ? '|.' : ''}`);

/** Half a minute of speech with pauses of 0.2 to 3 s in it. */
const WORDS = [
	...makeSpeech(TEXTS.slice(0, 10), 700, 350),
	...makeSpeech(TEXTS.slice(10, 40), 4400, 350),
	...makeSpeech(TEXTS.slice(40, 50), 17_000, 350),
	...makeSpeech(TEXTS.slice(50), 23_500, 350),
];

const SAID = TEXTS.join('').replaceAll('|', '');

function start(): {model: ScriptedWhisper; speech: ReturnType<typeof speechOf>; durationMs: number} {
	return {model: new ScriptedWhisper(WORDS), speech: speechOf(WORDS), durationMs: 29_000};
}

describe('LiveTranslation', () => {
	describe.each(POLICY_NAMES)('under %s', policy => {
		it.each(LATENCY_MULTIPLIERS)(
			'loses no word and doubles none at multiplier %d',
			async latencyMultiplier => {
				const {events} = await runLive({...start(), policy, latencyMultiplier, words: true});
				expect(findBrokenRules(events, {isCut: true})).toEqual([]);
				expect(transcript(events)).toBe(SAID);
			},
		);
	});

	it('is slower the higher the multiplier', async () => {
		const lags: number[] = [];
		for (const latencyMultiplier of LATENCY_MULTIPLIERS) {
			const {events} = await runLive({...start(), latencyMultiplier, words: true});
			const words = events.flatMap(event =>
				event.type === 'text-final' ? event.words!.map(({endMs}) => event.audioMs - endMs) : [],
			);
			lags.push(words.reduce((sum, lag) => sum + lag, 0) / words.length);
		}
		expect(lags[1]! + lags[2]!).toBeGreaterThan(2 * lags[0]!);
		expect(lags[1]! + lags[2]!).toBeLessThan(2 * lags[3]!);
	});

	it('takes a new multiplier from the next look on', async () => {
		const countLooks = async (changeAtMs: number): Promise<number> => {
			const {model, ...rest} = start();
			await runLive({
				...rest,
				model,
				onTick: ({heardSample}, translation) => {
					if (heardSample >= changeAtMs * 16) translation.latencyMultiplier = 4;
				},
			});
			return model.requests.length;
		};
		const [never, late, early] = [await countLooks(Infinity), await countLooks(15_000), await countLooks(0)];
		expect(late).toBeLessThan(never);
		expect(early).toBeLessThan(late);
	});

	it('encodes once for two targets where their windows are the same', async () => {
		const both = start();
		const {events} = await runLive({...both, targets: ['same', 'de']});
		const one = start();
		await runLive(one);
		expect(transcript(events, 'same')).toBe(SAID);
		expect(transcript(events, 'de')).toBe(SAID.toUpperCase());
		expect(both.model.hearings.length).toBeLessThan(1.5 * one.model.hearings.length);
		expect(both.model.held).toBe(0);
	});

	it('decodes once where both targets are captions', async () => {
		const both = start();
		const {events} = await runLive({...both, targets: ['same', 'en']});
		const one = start();
		await runLive(one);
		expect(transcript(events, 'en')).toBe(SAID);
		expect(both.model.requests).toEqual(one.model.requests);
		expect(both.model.hearings).toEqual(one.model.hearings);
	});

	it('goes on from its state after every tick as if nothing had happened', async () => {
		for (const latencyMultiplier of [1, 4] as const) {
			const options = {
				...start(),
				targets: ['same', 'de'],
				sourceLanguage: 'auto',
				words: true,
				latencyMultiplier,
				flushAtMs: [9001, 9002],
			};
			const whole = await runLive(options);
			const parts = await runLive({...options, isInterrupted: true});
			expect(parts.events).toEqual(whole.events);
			expect(parts.ticks.map(({finalSample}) => finalSample)).toEqual(
				whole.ticks.map(({finalSample}) => finalSample),
			);
			expect(parts.ticks.map(({isWorthTelling}) => isWorthTelling)).toEqual(
				whole.ticks.map(({isWorthTelling}) => isWorthTelling),
			);
			expect(parts.guards).toEqual(whole.guards);
		}
	});

	it('has room for text behind the longest prompt, of which it keeps the end', async () => {
		const {model, ...rest} = start();
		const long = Array.from({length: 1000}, (_, index) => index % 60);
		model.tokenize = () => Promise.resolve(long);
		const {events} = await runLive({...rest, model, prompt: 'names and more names', latencyMultiplier: 4});
		expect(transcript(events)).toBe(SAID);
		const {startOfPrevious} = model.description.specialTokens;
		for (const {prompt, maxTokens, settled} of model.requests) {
			expect(prompt[0]).toBe(startOfPrevious);
			expect(prompt[190]).toBe(long.at(-1));
			// The decoder has 448 positions.
			expect(prompt.length - settled + maxTokens).toBeLessThan(448);
		}
	});

	it('keeps no more audio than its windows need', async () => {
		const held: number[] = [];
		await runLive({
			...start(),
			onTick: ({heardSample}, translation) => void held.push(heardSample - translation.firstSample),
		});
		const {capMs, stepMs} = latencySettings(1);
		expect(Math.max(...held)).toBeLessThanOrEqual((capMs + stepMs) * 16 + TICK_SAMPLES);
		expect(held.at(-1)).toBe(0);
	});

	it('has something to tell at least once a second, and whenever there is text', async () => {
		const {ticks} = await runLive({...start(), durationMs: 60_000});
		let toldAt = 0;
		for (const {events, isWorthTelling, heardSample} of ticks) {
			if (events.length > 0) expect(isWorthTelling).toBe(true);
			if (!isWorthTelling) continue;
			expect(heardSample - toldAt).toBeLessThan(16_000 + TICK_SAMPLES);
			toldAt = heardSample;
		}
		expect(toldAt).toBe(60_000 * 16);
		expect(ticks.filter(({isWorthTelling}) => isWorthTelling).length).toBeLessThan(ticks.length / 2);
	});

	it('ends what heard nothing', async () => {
		const {events, ticks} = await runLive({...start(), durationMs: 0});
		expect(events).toEqual([]);
		expect(ticks).toMatchObject([
			{heardSample: 0, finalSample: 0, levelDecibels: -100, isWorthTelling: true},
		]);
	});
});
