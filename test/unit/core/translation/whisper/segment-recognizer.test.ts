import {describe, expect, it} from 'vitest';
import type {SearchRequest, SearchResult} from '../../../../../src/core/models/whisper/search-request.js';
import type {HeardAudio, WhisperModel} from '../../../../../src/core/models/whisper/whisper-model.js';
import {
	compressionRatio,
	SegmentRecognizer,
	type RecognizeOptions,
} from '../../../../../src/core/translation/whisper/segment-recognizer.js';
import {makeVocabulary, TINY} from '../../../../helpers/tiny-whisper.js';

const WORDS = [' ask', ' not', ' what', ' your', ' country', ' can', ' do', ' for', ' you', '.'];

interface ScriptedModel extends WhisperModel {
	readonly searches: {readonly silenceMs: number; readonly request: SearchRequest}[];
	/** Audio that was heard and neither searched nor released. */
	readonly held: Set<number>;
}

/** A model that answers its searches with these results, one after another. */
function createScriptedModel(...results: readonly Partial<SearchResult>[]): ScriptedModel {
	const heard = new Map<number, number>();
	const held = new Set<number>();
	const searches: ScriptedModel['searches'] = [];
	return {
		description: TINY,
		vocabulary: makeVocabulary(WORDS),
		searches,
		held,
		hear(_samples, silenceMs, {signal} = {}) {
			signal?.throwIfAborted();
			const id = heard.size;
			heard.set(id, silenceMs);
			held.add(id);
			return Promise.resolve({id});
		},
		search({id}, request, {signal} = {}) {
			held.delete(id);
			signal?.throwIfAborted();
			searches.push({silenceMs: heard.get(id)!, request});
			const tokens = [0, 1];
			const result = results[searches.length - 1] ?? {};
			return Promise.resolve({
				tokens,
				logProbabilities: (result.tokens ?? tokens).map(() => Math.log(0.5)),
				averageLogProbability: -0.3,
				noSpeechProbability: 0.1,
				end: 'end-of-text',
				times: (result.tokens ?? tokens).map(() => undefined),
				...result,
			});
		},
		searchLive: () => Promise.reject(new Error('not asked for here')),
		release: ({id}) => void held.delete(id),
		detectLanguage: () => Promise.resolve(new Map()),
		configure: () => Promise.resolve(),
		statistics: () => Promise.reject(new Error('not asked for here')),
		tokenize: () => Promise.resolve([]),
		close: () => Promise.resolve(),
	};
}

const samples = new Float32Array(32_000);

async function recognize(model: ScriptedModel, options: Partial<RecognizeOptions> = {}, maxRows = 8) {
	const recognizer = new SegmentRecognizer(model, maxRows);
	const heard: HeardAudio = await recognizer.hear(samples);
	return recognizer.recognize(samples, heard, {
		language: 'de',
		task: 'transcribe',
		speechProbability: 0.95,
		speechMs: 1800,
		context: [],
		beamSize: 1,
		temperature: 0,
		withTimestamps: false,
		withTimes: false,
		...options,
	});
}

const {specialTokens} = TINY;
const loop = [3, 4, 5, 4, 5, 4, 5];

describe('SegmentRecognizer', () => {
	it('is content with a plausible text, after one pass over audio and a second of silence', async () => {
		const model = createScriptedModel();
		const recognition = await recognize(model);
		expect(recognition).toEqual({
			tokens: [0, 1],
			text: 'ask not',
			averageLogProbability: -0.3,
			noSpeechProbability: 0.1,
			compressionRatio: compressionRatio(' ask not'),
			temperature: 0,
			probabilities: [expect.closeTo(0.5, 9), expect.closeTo(0.5, 9)],
			times: undefined,
			repairs: [],
		});
		expect(model.searches.map(({silenceMs}) => silenceMs)).toEqual([1000]);
		expect(model.held.size).toBe(0);
	});

	it('draws at the temperature asked for, and only at higher ones if that is not plausible', async () => {
		const model = createScriptedModel();
		expect(await recognize(model, {temperature: 0.5})).toMatchObject({temperature: 0.5, repairs: []});
		expect(model.searches.map(({request}) => request.sampling?.temperature)).toEqual([0.5]);
		const doubt = {averageLogProbability: -1.5};
		const doubtful = createScriptedModel(doubt, doubt, doubt, doubt);
		await recognize(doubtful, {temperature: 0.5});
		expect(doubtful.searches.map(({request}) => request.sampling?.temperature)).toEqual([0.5, 0.6, 0.8, 1]);
	});

	it('steers the model by language, task and the text before', async () => {
		const model = createScriptedModel();
		await recognize(model, {task: 'translate', context: [5, 6], beamSize: 3});
		await recognize(model, {withTimestamps: true});
		const [first, second] = model.searches.map(({request}) => request);
		expect(first!.prompt).toEqual([
			specialTokens.startOfPrevious,
			...[5, 6],
			specialTokens.startOfTranscript,
			TINY.languageTokens['de'],
			specialTokens.translate,
			specialTokens.noTimestamps,
		]);
		expect(first).toMatchObject({beamSize: 3, withTimestamps: false});
		expect(second!.prompt).toEqual([
			specialTokens.startOfTranscript,
			TINY.languageTokens['de'],
			specialTokens.transcribe,
		]);
		expect(second!.withTimestamps).toBe(true);
	});

	it('keeps the end of a long text before, at most half of what the decoder can see', async () => {
		const model = createScriptedModel();
		const context = Array.from({length: 500}, (_, index) => index % 10);
		await recognize(model, {context});
		const {prompt} = model.searches[0]!.request;
		expect(prompt.slice(1, -4)).toEqual(context.slice(-223));
		expect(prompt.length).toBeLessThan(TINY.dimensions.maxTokens / 2 + 5);
	});

	it('allows as many tokens as can be spoken, and asks for times up to the end of the audio', async () => {
		const model = createScriptedModel();
		await recognize(model, {withTimes: true});
		expect(model.searches[0]!.request).toMatchObject({maxTokens: 38, timedFrames: 100});
	});

	it('gives times and probabilities of text tokens only', async () => {
		const time = {startMs: 0, endMs: 20};
		const model = createScriptedModel({
			tokens: [20, 0, 1, 30],
			times: [undefined, time, time, undefined],
			logProbabilities: [-1, Math.log(0.25), Math.log(0.75), -1],
		});
		const {tokens, times, probabilities} = await recognize(model, {withTimes: true, withTimestamps: true});
		expect(tokens).toEqual([0, 1]);
		expect(times).toEqual([time, time]);
		expect(probabilities).toEqual([expect.closeTo(0.25, 9), expect.closeTo(0.75, 9)]);
	});

	it.each(['loop', 'too-long'] as const)('encodes again at full length what ended as %s', async end => {
		const model = createScriptedModel({tokens: loop, end}, {tokens: [8]});
		const recognition = await recognize(model);
		expect(model.searches.map(({silenceMs}) => silenceMs)).toEqual([1000, 30_000]);
		expect(recognition).toMatchObject({text: 'you', temperature: 0, repairs: ['encoded-again']});
	});

	it('draws at rising temperatures what stays doubtful, until it is plausible', async () => {
		const doubtful = {averageLogProbability: -1.2};
		const model = createScriptedModel(doubtful, doubtful, doubtful, {
			tokens: [8],
			averageLogProbability: -0.9,
		});
		const recognition = await recognize(model);
		expect(model.searches.map(({request}) => request.sampling?.temperature)).toEqual([
			undefined,
			0.2,
			0.4,
			0.6,
		]);
		expect(model.searches[1]!.request.sampling!.candidates).toBe(5);
		expect(recognition).toMatchObject({text: 'you', temperature: 0.6, repairs: ['sampled']});
		expect(model.held.size).toBe(0);
	});

	it('draws no more sequences than the model decodes together', async () => {
		const model = createScriptedModel({averageLogProbability: -1.2});
		await recognize(model, {}, 2);
		expect(model.searches[1]!.request.sampling!.candidates).toBe(2);
	});

	it('draws the same for the same audio', async () => {
		const seeds = async (): Promise<unknown> => {
			const model = createScriptedModel({averageLogProbability: -2});
			await recognize(model);
			return model.searches[1]!.request.sampling;
		};
		expect(await seeds()).toEqual(await seeds());
	});

	it('takes text that compresses too well for a loop', async () => {
		const tokens = Array.from({length: 80}, (_, index) => index % 7);
		const model = createScriptedModel({tokens}, {tokens: [8]});
		const {repairs, temperature} = await recognize(model);
		expect({repairs, temperature}).toEqual({repairs: ['sampled'], temperature: 0.2});
	});

	it('takes the likeliest attempt that is no loop when none is plausible', async () => {
		const model = createScriptedModel(
			{tokens: [0], averageLogProbability: -1.5},
			{tokens: [1], averageLogProbability: -1.1},
			{tokens: loop, averageLogProbability: -0.1, end: 'loop'},
			{tokens: [2], averageLogProbability: -1.4},
			{tokens: [3], averageLogProbability: -1.3},
			{tokens: [4], averageLogProbability: -1.6},
		);
		const recognition = await recognize(model);
		expect(model.searches).toHaveLength(6);
		expect(recognition).toMatchObject({text: 'not', temperature: 0.2, averageLogProbability: -1.1});
	});

	it('cuts a loop that remains to one run', async () => {
		const model = createScriptedModel(
			...Array.from({length: 7}, () => ({tokens: loop, end: 'loop' as const, averageLogProbability: -0.1})),
		);
		const recognition = await recognize(model);
		expect(recognition).toMatchObject({
			text: 'your country can',
			repairs: ['encoded-again', 'sampled', 'cut'],
		});
		expect(recognition.tokens).toHaveLength(3);
		expect(recognition.probabilities).toHaveLength(3);
	});

	it('does not draw another translation because one is unlikely', async () => {
		const model = createScriptedModel({averageLogProbability: -1.8});
		const recognition = await recognize(model, {task: 'translate'});
		expect(model.searches).toHaveLength(1);
		expect(recognition).toMatchObject({text: 'ask not', averageLogProbability: -1.8, repairs: []});
	});

	it('writes nothing where nobody spoke', async () => {
		const model = createScriptedModel({noSpeechProbability: 0.7, averageLogProbability: -1.1});
		const recognition = await recognize(model);
		expect(model.searches).toHaveLength(1);
		expect(recognition).toMatchObject({text: '', tokens: [], repairs: []});
	});

	it('believes a sure text, however likely silence is', async () => {
		const model = createScriptedModel({noSpeechProbability: 0.9, averageLogProbability: -0.5});
		expect((await recognize(model)).text).toBe('ask not');
	});

	it.each([
		['a phrase', 800, -0.9, 0.56],
		['a doubtful phrase', 800, -1.1, 0.41],
		['a doubtful word', 799, -1.1, 0.56],
	])(
		'leaves %s out where neither the detector nor the model is sure of it',
		async (_title, speechMs, averageLogProbability, silence) => {
			const unclear = {speechProbability: 0.84, speechMs};
			const heard = {noSpeechProbability: silence, averageLogProbability};
			const model = createScriptedModel(heard);
			expect(await recognize(model, unclear)).toMatchObject({text: '', noSpeechProbability: silence});
			expect(model.searches).toHaveLength(1);
			const surer = {...heard, noSpeechProbability: silence - 0.02};
			expect((await recognize(createScriptedModel(surer), unclear)).text).toBe('ask not');
			expect((await recognize(createScriptedModel(heard), {speechMs})).text).toBe('ask not');
		},
	);

	it.each([
		['leaves what is said again and again alone', 4000, -0.5, []],
		['draws a repetition that is denser than speech', 3900, -0.5, ['sampled']],
		['draws a repetition that the model is not sure of', 4000, -0.51, ['sampled']],
	])('%s', async (_title, speechMs, averageLogProbability, repairs) => {
		const tokens = Array.from({length: 6}, () => [0, 1, 2, 3]).flat();
		const model = createScriptedModel({tokens, averageLogProbability});
		const recognition = await recognize(model, {speechMs});
		expect(recognition.repairs).toEqual(repairs);
		expect(recognition.tokens.length).toBe(repairs.length === 0 ? 24 : 2);
	});

	it('asks the first pass whether anybody spoke, not one over more silence', async () => {
		const model = createScriptedModel(
			{tokens: loop, end: 'loop', noSpeechProbability: 0.1},
			{noSpeechProbability: 0.9, averageLogProbability: -1.5},
			{tokens: [8], noSpeechProbability: 0.9},
		);
		expect(await recognize(model)).toMatchObject({text: 'you', noSpeechProbability: 0.1, temperature: 0.2});
	});

	it('throws the reason of its signal, and leaves no audio in the model', async () => {
		const model = createScriptedModel({averageLogProbability: -2});
		const reason = new Error('stop');
		const recognition = recognize(model, {signal: AbortSignal.abort(reason)});
		await expect(recognition).rejects.toBe(reason);
		expect(model.held.size).toBe(0);
	});
});

describe('compressionRatio()', () => {
	it('is bytes to deflated bytes, and 0 for nothing', () => {
		expect(compressionRatio('  ')).toBe(0);
		expect(
			compressionRatio('And so my fellow Americans, ask not what your country can do for you.'),
		).toBeLessThan(1.3);
		expect(compressionRatio('no '.repeat(100))).toBeGreaterThan(10);
	});
});
