import {describe, expect, it} from 'vitest';
import {findBrokenRules} from '../../../../../src/core/engine/testing/event-rules.js';
import type {LiveSearchResult} from '../../../../../src/core/models/whisper/live-search-request.js';
import type {LatencySettings} from '../../../../../src/core/translation/policy/latency-settings.js';
import {
	finals,
	runLive,
	transcript,
	type LiveRun,
	type LiveRunOptions,
} from '../../../../helpers/run-live.js';
import {
	makeSpeech,
	ScriptedWhisper,
	speechOf,
	type ScriptedWord,
} from '../../../../helpers/scripted-whisper.js';

/** Not those of any multiplier: those may be tuned. */
const SETTINGS: LatencySettings = {
	stepMs: 1000,
	holdFrames: 50,
	sureHoldFrames: 50,
	sureProbability: 2,
	sureNextProbability: 0,
	keepMs: 0,
	minWindowMs: 2000,
	pauseMs: 600,
	capMs: 10_000,
	silenceMs: 1000,
	looksAhead: true,
};

function numbered(count: number): string[] {
	return Array.from({length: count}, (_, index) => ` w${index}`);
}

async function run(
	words: readonly ScriptedWord[],
	{
		extra,
		hook,
		...options
	}: Partial<LiveRunOptions> & {
		extra?: readonly string[];
		hook?: (model: ScriptedWhisper) => void;
	} = {},
): Promise<LiveRun & {model: ScriptedWhisper; text: string}> {
	const model = new ScriptedWhisper(words, extra);
	hook?.(model);
	const result = await runLive({
		model,
		speech: speechOf(words),
		durationMs: (words.at(-1)?.endMs ?? 0) + 3000,
		settings: SETTINGS,
		...options,
	});
	expect(findBrokenRules(result.events, {isCut: true})).toEqual([]);
	// Whatever happens, all audio is given back.
	expect(model.held).toBe(0);
	for (const [index, tick] of result.ticks.entries()) {
		const before = result.ticks[index - 1]?.finalSample ?? 0;
		expect(tick.finalSample).toBeGreaterThanOrEqual(before);
		expect(tick.finalSample).toBeLessThanOrEqual(tick.heardSample);
	}
	return {...result, model, text: transcript(result.events)};
}

describe('WindowWriter', () => {
	it('settles words once they have audio behind them, and the rest at the pause', async () => {
		const words = makeSpeech(numbered(12), 1000);
		const {events, text, model} = await run(words);
		expect(text).toBe(numbered(12).join(''));
		for (const {text: part, audioMs} of finals(events).slice(0, -1)) {
			const last = words.find(word => part.endsWith(word.text))!;
			expect(audioMs - last.endMs).toBeGreaterThanOrEqual(SETTINGS.holdFrames * 20 - 20);
			expect(audioMs - last.endMs).toBeLessThan(SETTINGS.holdFrames * 20 + SETTINGS.stepMs + 256 + 400);
		}
		expect(finals(events).length).toBeGreaterThan(3);
		// Speech ends at 5800 ms.
		expect(finals(events).at(-1)!.audioMs).toBeLessThan(5800 + SETTINGS.pauseMs + 2 * 256 + 32);
		expect(model.requests.every(({rewindFrames}) => rewindFrames === 25)).toBe(true);
	});

	it('forces what is settled, and says where it was read', async () => {
		const {model} = await run(makeSpeech(numbered(12), 1000));
		const forced = model.requests.filter(({settled}) => settled > 0);
		expect(forced.length).toBeGreaterThan(2);
		for (const {prompt, settled, furthestFrame, audioFrames} of forced) {
			expect(prompt.slice(-settled)).toEqual(Array.from({length: settled}, (_, index) => index));
			// The window begins half a second before the speech at 1000 ms; words are read at their ends.
			expect(furthestFrame).toBeGreaterThanOrEqual((500 + 400 * settled) / 20 - 3);
			expect(furthestFrame).toBeLessThanOrEqual((500 + 400 * settled) / 20 + 1);
			expect(furthestFrame).toBeLessThan(audioFrames);
		}
	});

	it('looks at windows of real length with a second of silence, twice a second or less', async () => {
		const {model} = await run(makeSpeech(numbered(12), 1000));
		expect(model.hearings.every(({silenceMs}) => silenceMs === 1000)).toBe(true);
		const ends = model.hearings.map(({endMs}) => endMs);
		for (const [index, end] of ends.slice(1, -1).entries())
			expect(end - ends[index]!).toBeGreaterThanOrEqual(SETTINGS.stepMs);
		expect(ends[0]).toBeGreaterThanOrEqual(1000 + SETTINGS.minWindowMs);
	});

	it('reads no further than what may be settled where it does not look ahead, and settles the same', async () => {
		const words = makeSpeech(numbered(12), 1000);
		const ahead = await run(words);
		const sparing = await run(words, {settings: {...SETTINGS, looksAhead: false}});
		expect(finals(sparing.events)).toEqual(finals(ahead.events));
		const open = sparing.model.requests.filter(({endFrame}) => endFrame !== undefined);
		expect(open.length).toBeGreaterThan(2);
		for (const {endFrame, audioFrames} of open) expect(endFrame).toBe(audioFrames - SETTINGS.holdFrames);
		expect(ahead.model.requests.every(({endFrame}) => endFrame === undefined)).toBe(true);
	});

	it('tells what is likely to follow, unless nobody wants to know, and settles the same', async () => {
		const words = makeSpeech(numbered(12), 1000);
		const open = await run(words);
		const closed = await run(words, {partials: false});
		expect(open.events.some(({type}) => type === 'text-partial')).toBe(true);
		expect(closed.events.some(({type}) => type === 'text-partial')).toBe(false);
		expect(finals(closed.events)).toEqual(finals(open.events));
	});

	it('never settles half a word', async () => {
		const words = makeSpeech(
			numbered(8).map(text => `${text}|abc|def`),
			1000,
			700,
		);
		const {events, text} = await run(words);
		expect(text).toBe(
			numbered(8)
				.map(word => `${word}abcdef`)
				.join(''),
		);
		for (const {text: part} of finals(events)) expect(part.endsWith('abcdef')).toBe(true);
	});

	it('looks at nothing while nobody speaks, and drops what it holds', async () => {
		const {model, ticks} = await run([], {durationMs: 20_000});
		expect(model.hearings).toEqual([]);
		for (const {heardSample, finalSample} of ticks.slice(2, -1))
			expect(heardSample - finalSample).toBeLessThanOrEqual(0.5 * 16_000);
		expect(ticks.at(-1)!.finalSample).toBe(20_000 * 16);
	});

	it('takes no notice of a click long before speech', async () => {
		const words = makeSpeech(numbered(4), 60_000);
		const {model, text} = await run(words, {speech: [[1000, 1130], ...speechOf(words)]});
		expect(text).toBe(' w0 w1 w2 w3');
		expect(Math.min(...model.hearings.map(({startMs}) => startMs))).toBeGreaterThan(59_000);
	});

	it('does not look on where the model had nothing more to say and nobody has spoken since', async () => {
		const words = makeSpeech(numbered(6), 1000);
		const looksOf = async (pauseMs: number): Promise<number> => {
			const {model} = await run(words, {settings: {...SETTINGS, pauseMs}, durationMs: 12_000});
			return model.hearings.length;
		};
		// A longer pause is waited for, not looked at.
		expect(await looksOf(3000)).toBe(await looksOf(600));
	});

	describe('pauses', () => {
		const words = [...makeSpeech(numbered(8), 1000), ...makeSpeech([' x0', ' x1', ' x2', ' x3'], 6000)];

		it('close windows and segments', async () => {
			const {events, text} = await run(words);
			expect(text).toBe(words.map(word => word.text).join(''));
			const ended = events.filter(event => event.type === 'segment-ended');
			expect(ended.map(event => event.text)).toEqual(['w0 w1 w2 w3 w4 w5 w6 w7', 'x0 x1 x2 x3']);
		});

		it('leave closed text as prompt for captions', async () => {
			const {model} = await run(words);
			const {startOfPrevious, startOfTranscript} = model.description.specialTokens;
			const later = model.requests.filter(({prompt}) => prompt.includes(startOfPrevious));
			expect(later.length).toBeGreaterThan(0);
			for (const {prompt} of later)
				expect(prompt.slice(0, prompt.indexOf(startOfTranscript))).toEqual([
					startOfPrevious,
					0,
					1,
					2,
					3,
					4,
					5,
					6,
					7,
				]);
		});

		it('leave none for translations, and none for Chinese', async () => {
			const german = words.map(word => ({...word, language: 'de'}));
			const translated = await run(german, {sourceLanguage: 'de', targets: ['en']});
			const chinese = await run(words, {sourceLanguage: 'zh'});
			for (const {model} of [translated, chinese]) {
				const {startOfPrevious} = model.description.specialTokens;
				expect(model.requests.some(({prompt}) => prompt.includes(startOfPrevious))).toBe(false);
			}
			expect(translated.model.requests.every(({rewindFrames}) => rewindFrames === 100)).toBe(true);
			expect(transcript(translated.events, 'en')).toBe(words.map(word => word.text.toUpperCase()).join(''));
		});

		it('leave none in another language', async () => {
			const mixed = words.map((word, index) => ({...word, language: index < 8 ? 'en' : 'de'}));
			const {model, events} = await run(mixed, {sourceLanguage: 'auto'});
			const {startOfPrevious} = model.description.specialTokens;
			expect(model.requests.some(({prompt}) => prompt.includes(startOfPrevious))).toBe(false);
			expect(events.filter(event => event.type === 'language-detected')).toMatchObject([
				{language: 'en'},
				{language: 'de'},
			]);
			expect(events.filter(event => event.type === 'segment-ended')).toMatchObject([
				{language: 'en', sourceLanguage: 'en'},
				{language: 'de', sourceLanguage: 'de'},
			]);
		});

		it('leave the prompt of the user in front', async () => {
			const {model} = await run(words, {prompt: 'w3'});
			const {startOfPrevious} = model.description.specialTokens;
			for (const {prompt} of model.requests) expect(prompt.slice(0, 2)).toEqual([startOfPrevious, 3]);
			expect(model.requests.at(-1)!.prompt.slice(2, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
		});
	});

	describe('short windows that are kept over a pause', () => {
		const settings = {...SETTINGS, keepMs: 6000};
		const first = makeSpeech(numbered(6), 1000);
		const ended = ({events}: LiveRun): string[] =>
			events.flatMap(event => (event.type === 'segment-ended' ? [event.text] : []));

		it('end the segment, and go on with its words as settled', async () => {
			const words = [...first, ...makeSpeech([' x0', ' x1', ' x2', ' x3'], 4200)];
			const result = await run(words, {settings});
			expect(result.text).toBe(words.map(word => word.text).join(''));
			expect(ended(result)).toEqual(['w0 w1 w2 w3 w4 w5', 'x0 x1 x2 x3']);
			const {prompt, settled} = result.model.requests.at(-1)!;
			expect(prompt.slice(-settled).slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
			expect(prompt).not.toContain(result.model.description.specialTokens.startOfPrevious);
			// What came before the pause is told at once.
			expect(finals(result.events).find(({text}) => text.includes(' w5'))!.audioMs).toBeLessThan(4600);
		});

		it('are closed where nobody goes on speaking', async () => {
			const words = [...first, ...makeSpeech([' x0', ' x1', ' x2', ' x3'], 9000)];
			const result = await run(words, {settings});
			expect(result.text).toBe(words.map(word => word.text).join(''));
			expect(ended(result)).toEqual(['w0 w1 w2 w3 w4 w5', 'x0 x1 x2 x3']);
			const {prompt} = result.model.requests.at(-1)!;
			expect(prompt.slice(0, 7)).toEqual([
				result.model.description.specialTokens.startOfPrevious,
				0,
				1,
				2,
				3,
				4,
				5,
			]);
			expect(result.model.hearings.at(-1)!.startMs).toBeGreaterThan(8000);
		});

		it('are closed where they are long already', async () => {
			const words = [...makeSpeech(numbered(16), 1000), ...makeSpeech([' x0', ' x1', ' x2'], 8200)];
			const result = await run(words, {settings});
			expect(result.text).toBe(words.map(word => word.text).join(''));
			expect(result.model.hearings.at(-1)!.startMs).toBeGreaterThan(7000);
		});
	});

	describe('at a flush', () => {
		it('makes all final, and goes on behind it', async () => {
			const words = makeSpeech(numbered(16), 1000);
			const {events, ticks, text} = await run(words, {flushAtMs: [4210, 4210]});
			const flushed = ticks.filter(({heardSample}) => heardSample === 4210 * 16);
			expect(flushed).toHaveLength(2);
			for (const {finalSample} of flushed) expect(finalSample).toBe(4210 * 16);
			expect(transcript(flushed[0]!.events)).not.toBe('');
			expect(flushed[0]!.events.at(-1)).toMatchObject({type: 'segment-ended'});
			expect(flushed[1]!.events).toEqual([]);
			// The word in the middle may be lost or cut, as it would be at a cut of the audio.
			expect(text.startsWith(numbered(8).join(''))).toBe(true);
			expect(text.endsWith(numbered(16).slice(9).join(''))).toBe(true);
			expect(events.filter(event => event.type === 'segment-ended')).toHaveLength(2);
		});
	});

	describe('guards', () => {
		const words = makeSpeech(numbered(12), 1000);
		const loop: Partial<LiveSearchResult> = {
			tokens: [800, 800, 800, 800, 800, 800],
			frames: [10, 12, 14, 16, 18, 20],
			logProbabilities: [0, 0, 0, 0, 0, 0],
			end: 'loop',
		};
		/** A search that comes while the window is open. */
		const isOpen = (heard: {endMs: number}): boolean => heard.endMs < 5800;

		it('settle nothing of an open look that loops, and take back what was likely', async () => {
			const {events, text, guards} = await run(words, {
				extra: [' no'],
				hook: model => {
					model.onSearch = (_request, _result, heard) =>
						isOpen(heard) && heard.endMs > 4000 ? loop : undefined;
				},
			});
			expect(text).toBe(numbered(12).join(''));
			expect(guards).toEqual({'open-loop': 2});
			const partials = events.filter(event => event.type === 'text-partial').map(event => event.text);
			expect(partials.some(partial => partial.includes('no'))).toBe(false);
			expect(partials.at(-1)).toBe('');
		});

		it('read a closing window that loops again at the full 30 s', async () => {
			const {text, guards, model} = await run(words, {
				extra: [' no'],
				hook: scripted => {
					scripted.onSearch = (_request, _result, heard) =>
						!isOpen(heard) && heard.silenceMs < 30_000 ? loop : undefined;
				},
			});
			expect(text).toBe(numbered(12).join(''));
			expect(guards).toEqual({'final-loop': 1});
			expect(model.hearings.at(-1)).toMatchObject({silenceMs: 30_000});
			expect(model.hearings.at(-1)).toMatchObject({startMs: model.hearings.at(-2)!.startMs});
		});

		it('keep one repetition of a loop that remains', async () => {
			const {text, guards} = await run(words, {
				extra: [' no'],
				hook: model => {
					model.onSearch = (_request, _result, heard) => (isOpen(heard) ? undefined : loop);
				},
			});
			expect(guards).toEqual({'final-loop': 1, 'final-loop-cut': 1});
			expect(text.split(' no')).toHaveLength(2);
			expect(text.endsWith(' no')).toBe(true);
		});

		it('keep nothing new of a window that never ends and does not loop', async () => {
			const {text, guards} = await run(words, {
				extra: [' never', ' ends'],
				hook: model => {
					model.onSearch = (_request, _result, heard) =>
						isOpen(heard)
							? undefined
							: {tokens: [800, 801], frames: [200, 210], logProbabilities: [0, 0], end: 'too-long'};
				},
			});
			expect(guards).toEqual({'final-loop': 1, 'final-loop-cut': 1});
			expect(text).not.toContain('never');
			expect(numbered(12).join('').startsWith(text)).toBe(true);
		});

		it('drop text of a window in which nobody spoke', async () => {
			const silent: Partial<LiveSearchResult> = {noSpeechProbability: 0.9, averageLogProbability: -2};
			const {events, guards, model} = await run(words, {
				hook: scripted => {
					scripted.onSearch = () => silent;
				},
			});
			expect(events).toEqual([]);
			expect(guards['final-silence']).toBe(1);
			expect(guards['open-silence']).toBe(model.requests.length - 1);
		});

		it('leave alone what was said before the model fell silent', async () => {
			const {text, guards} = await run(words, {
				hook: model => {
					model.onSearch = (_request, _result, heard) =>
						isOpen(heard) ? undefined : {noSpeechProbability: 0.9, averageLogProbability: -2};
				},
			});
			expect(text).toBe(numbered(12).join(''));
			expect(guards).toEqual({});
		});

		it('count rewinds and stalls, and settle what came before', async () => {
			for (const end of ['rewind', 'stall'] as const) {
				const {text, guards} = await run(words, {
					hook: model => {
						model.onSearch = (_request, _result, heard) => (isOpen(heard) ? {end} : undefined);
					},
				});
				expect(text).toBe(numbered(12).join(''));
				expect(guards[end]).toBeGreaterThan(1);
			}
		});

		it('settle no part of a character at the end', async () => {
			const {text} = await run(makeSpeech(['我', '的'], 1000, 400, 'zh'), {
				sourceLanguage: 'zh',
				hook: model => {
					// An id without text stands for what cannot be decoded: half of a character.
					model.vocabulary.decode = (ids: readonly number[]) =>
						ids.map(id => (id === 800 ? '\uFFFD' : ['我', '的'][id]!)).join('');
					model.onSearch = (_request, result) => ({
						tokens: [...result.tokens, 800],
						frames: [...result.frames, result.frames.at(-1) ?? 0],
						logProbabilities: [...result.logProbabilities, -1],
					});
				},
			});
			expect(text).toBe('我的');
		});
	});

	describe('windows that grow long', () => {
		const words = makeSpeech(numbered(100), 1000);

		it.each(['align-att', 'local-agreement', 'wait-k'] as const)(
			'are cut at words under %s, and lose none',
			async policy => {
				const {text, guards, model} = await run(words, {policy});
				expect(text).toBe(numbered(100).join(''));
				expect(guards['cut-at-word']).toBeGreaterThan(3);
				const longest = Math.max(...model.hearings.map(({startMs, endMs}) => endMs - startMs));
				expect(longest).toBeLessThanOrEqual(SETTINGS.capMs + SETTINGS.stepMs + 512);
			},
		);

		it('go on with the words behind the cut as settled, and those before as context', async () => {
			const {model} = await run(words);
			const {startOfPrevious} = model.description.specialTokens;
			const [cut] = model.requests.filter(({prompt}) => prompt[0] === startOfPrevious);
			const {prompt, settled} = cut!;
			const closed = prompt.slice(1, prompt.indexOf(model.description.specialTokens.startOfTranscript));
			expect(settled).toBeGreaterThan(0);
			expect([...closed, ...prompt.slice(-settled)]).toEqual(
				Array.from({length: closed.length + settled}, (_, index) => index),
			);
		});

		it('are looked at as seldom as is asked for, and cut all the same', async () => {
			const {text, model} = await run(words, {stepFactor: 3});
			expect(text).toBe(numbered(100).join(''));
			const often = await run(words);
			expect(model.hearings.length).toBeLessThan(often.model.hearings.length / 2);
		});

		it('are cut behind what was read where no word is left to cut at', async () => {
			// The model reads two words, and then nothing more for a minute of noise.
			const {guards, model, events} = await run(makeSpeech([' one', ' two'], 1000), {
				speech: [[1000, 60_000]],
				durationMs: 62_000,
			});
			expect(guards['cut-behind-text']).toBe(1);
			expect(guards['cut-unsettled']).toBeGreaterThan(0);
			expect(transcript(events)).toBe(' one two');
			expect(Math.max(...model.hearings.map(({startMs, endMs}) => endMs - startMs))).toBeLessThanOrEqual(
				30_000,
			);
		});

		it('never tell of audio as final and then not, though words are read from the pause behind them', async () => {
			// Under a policy that holds nothing back.
			for (const endMs of [10_300, 10_500, 10_700, 10_900, 12_300]) {
				const {ticks} = await run([{text: ' one', startMs: 1000, endMs: 1400}], {
					policy: 'local-agreement',
					settings: {...SETTINGS, pauseMs: 1500},
					speech: [[1000, endMs]],
					durationMs: 16_000,
					hook: model => {
						model.onSearch = ({audioFrames, settled}) =>
							settled === 0 && audioFrames > 500
								? {tokens: [0], frames: [audioFrames - 1], logProbabilities: [0]}
								: {tokens: [], frames: [], logProbabilities: []};
					},
				});
				expect(ticks.at(-1)!.finalSample).toBe(16_000 * 16);
			}
		});
	});

	it('asks again for a doubtful language, and holds text back until then', async () => {
		const {model, events, text} = await run(makeSpeech(numbered(20), 1000), {
			sourceLanguage: 'auto',
			hook: scripted => {
				scripted.onDetect = ({endMs}) =>
					new Map([
						['en', endMs > 4500 ? 0.8 : 0.55],
						['de', endMs > 4500 ? 0.2 : 0.45],
					]);
			},
		});
		expect(model.detections).toBeGreaterThan(1);
		expect(finals(events)[0]!.audioMs).toBeGreaterThan(4500);
		expect(events[0]).toMatchObject({type: 'language-detected', language: 'en', probability: 0.8});
		expect(text).toBe(numbered(20).join(''));
	});

	it('gives all audio back where the model fails', async () => {
		for (const fault of ['onHear', 'onSearch', 'onDetect'] as const) {
			const words = makeSpeech(numbered(12), 1000);
			const model = new ScriptedWhisper(words);
			let calls = 0;
			model[fault] = () => {
				if (++calls === 2) throw new Error('lost');
				return undefined;
			};
			const running = runLive({
				model,
				speech: speechOf([...words, ...makeSpeech([' x'], 9000)]),
				durationMs: 12_000,
				sourceLanguage: 'auto',
				targets: ['same', 'de'],
				settings: SETTINGS,
			});
			await expect(running, fault).rejects.toThrow('lost');
			expect(model.held, fault).toBe(0);
		}
	});
});
