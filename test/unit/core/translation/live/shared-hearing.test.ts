import {describe, expect, it} from 'vitest';
import {SampleHistory} from '../../../../../src/core/audio/sample-history.js';
import type {LiveSearchRequest} from '../../../../../src/core/models/whisper/live-search-request.js';
import {SharedHearing} from '../../../../../src/core/translation/live/shared-hearing.js';
import {makeSpeech, positionAudio, ScriptedWhisper} from '../../../../helpers/scripted-whisper.js';

const SECOND = 16_000;

function open(options: {readonly signal?: AbortSignal; readonly deadlineMs?: number} = {}): {
	model: ScriptedWhisper;
	hearing: SharedHearing;
	request: (parts?: Partial<LiveSearchRequest>) => LiveSearchRequest;
} {
	const model = new ScriptedWhisper(makeSpeech([' one', ' two', ' three', ' four'], 1000, 500));
	const history = new SampleHistory();
	history.append(positionAudio(10_000));
	const {startOfTranscript, transcribe, noTimestamps} = model.description.specialTokens;
	return {
		model,
		hearing: new SharedHearing(model, history, options),
		request: parts => ({
			prompt: [startOfTranscript, 902, transcribe, noTimestamps],
			settled: 0,
			audioFrames: 200,
			furthestFrame: 0,
			rewindFrames: 25,
			maxTokens: 50,
			...parts,
		}),
	};
}

describe('SharedHearing', () => {
	it('encodes the same audio once, however many ask for it', async () => {
		const {model, hearing, request} = open();
		const [first, second] = [
			await hearing.hear(0, 4 * SECOND, 1000),
			await hearing.hear(0, 4 * SECOND, 1000),
		];
		await first.search(request());
		await second.search(request({rewindFrames: 100}));
		expect(await second.detectLanguage()).toEqual(await first.detectLanguage());
		expect(model.hearings).toEqual([{startMs: 0, endMs: 4000, silenceMs: 1000}]);
		expect(model.requests).toHaveLength(2);
		hearing.close();
		expect(model.held).toBe(0);
	});

	it('encodes other audio, and the same with more silence, anew', async () => {
		const {model, hearing} = open();
		await hearing.hear(0, 4 * SECOND, 1000);
		await hearing.hear(0, 3 * SECOND, 1000);
		await hearing.hear(SECOND, 4 * SECOND, 1000);
		await hearing.hear(0, 4 * SECOND, 30_000);
		expect(model.hearings).toHaveLength(4);
		expect(model.held).toBe(4);
		hearing.close();
		expect(model.held).toBe(0);
	});

	it('answers the same question once, for the same audio', async () => {
		const {model, hearing, request} = open();
		const heard = await hearing.hear(0, 4 * SECOND, 1000);
		const answer = await heard.search(request());
		expect(await (await hearing.hear(0, 4 * SECOND, 1000)).search(request())).toEqual(answer);
		expect(model.requests).toHaveLength(1);
		const shorter = await (await hearing.hear(0, 2 * SECOND, 1000)).search(request());
		expect(shorter).not.toEqual(answer);
		expect(model.requests).toHaveLength(2);
	});

	it('counts frames and tokens that the model had to work on', async () => {
		const {hearing, request} = open();
		expect(hearing.cost).toEqual({frames: 0, tokens: 0});
		const heard = await hearing.hear(0, 4 * SECOND, 1000);
		await hearing.hear(0, 4 * SECOND, 1000);
		const {tokens} = await heard.search(request());
		await heard.search(request());
		expect(tokens).toHaveLength(4);
		expect(hearing.cost).toEqual({frames: 250, tokens: 4 + 4});
		// The model takes 30 s, silence included.
		await hearing.hear(0, 4 * SECOND, 30_000);
		expect(hearing.cost.frames).toBe(250 + 1500);
	});

	it('keeps audio that a search has failed on until it is closed, and gives it back once', async () => {
		const {model, hearing, request} = open();
		const heard = await hearing.hear(0, 4 * SECOND, 1000);
		model.onSearch = () => {
			throw new Error('lost');
		};
		await expect(heard.search(request())).rejects.toThrow('lost');
		model.onSearch = () => undefined;
		expect((await heard.search(request())).tokens).toHaveLength(4);
		hearing.close();
		hearing.close();
		expect(model.held).toBe(0);
	});

	it('holds nothing of audio that could not be heard', async () => {
		const {model, hearing} = open();
		model.onHear = () => {
			throw new Error('lost');
		};
		await expect(hearing.hear(0, SECOND, 1000)).rejects.toThrow('lost');
		expect(hearing.cost.frames).toBe(0);
		hearing.close();
		expect(model.held).toBe(0);
	});

	it('gives up with its session', async () => {
		const controller = new AbortController();
		const {model, hearing, request} = open({signal: controller.signal});
		const heard = await hearing.hear(0, 4 * SECOND, 1000);
		const reason = new Error('enough');
		controller.abort(reason);
		await expect(heard.search(request())).rejects.toBe(reason);
		await expect(hearing.hear(0, SECOND, 1000)).rejects.toBe(reason);
		hearing.close();
		expect(model.held).toBe(0);
	});
});
