import {afterAll, beforeAll, expect, it} from 'vitest';
import type {SearchRequest, SearchResult} from '../../../src/core/models/whisper/search-request.js';
import type {EncodedAudio} from '../../../src/core/models/whisper/whisper-encoder.js';
import {openLocalWhisper, type LocalWhisper} from '../../helpers/local-whisper.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

/** Clips of 4 to 14 s, and one that is cut to 1 s. */
const CLIPS = [
	['en_jfk.flac', 'en'],
	['de_fleurs01.ogg', 'de'],
	['es_fleurs06.flac', 'es'],
	['zh_fleurs1883.flac', 'zh'],
	['it_vetta.flac', 'it'],
	['fr_fleurs04.flac', 'fr'],
	['en_fleurs03.flac', 'en'],
	['de_fleurs05.flac', 'de'],
] as const;

interface Clip {
	readonly audio: EncodedAudio;
	readonly language: string;
}

describeWithShared('sequences that are decoded together', () => {
	describeWithWhisperBase('by whisper-base in the default precision', () => {
		let whisper: LocalWhisper;
		const clips: Clip[] = [];
		let alone: readonly SearchResult[];

		beforeAll(async () => {
			whisper = await openLocalWhisper(await ensureWhisperBase('int8'), 8);
			for (const [index, [file, language]] of CLIPS.entries()) {
				const samples = await readClip(`audio/dev/${file}`);
				const heard = index === 6 ? samples.subarray(0, 16_000) : samples;
				const {frames, states} = await whisper.encoder.encode(heard, index === 3 ? 6000 : 1000);
				clips.push({audio: {frames, states: states.slice()}, language});
			}
			const results: SearchResult[] = [];
			for (const clip of clips) results.push(await search(clip));
			alone = results;
		});

		afterAll(() => whisper.close());

		function search({audio, language}: Clip, request: Partial<SearchRequest> = {}): Promise<SearchResult> {
			return whisper.search(audio, {language, maxTokens: 60, ...request});
		}

		it('have the tokens and probabilities, to the last bit, that each has alone', async () => {
			expect(alone.every(({tokens}) => tokens.length > 3)).toBe(true);
			expect(await Promise.all(clips.map(clip => search(clip)))).toEqual(alone);
			// Other neighbours at other places.
			const reversed = await Promise.all([...clips].reverse().map(clip => search(clip)));
			expect(reversed.reverse()).toEqual(alone);
		});

		it.each([2, 3, 5])('have them in groups of %d too', async size => {
			const together: SearchResult[] = [];
			for (let from = 0; from < clips.length; from += size)
				together.push(...(await Promise.all(clips.slice(from, from + size).map(clip => search(clip)))));
			expect(together).toEqual(alone);
		});

		it('have them where more are waiting than fit, and join as others leave', async () => {
			const many = [...clips, ...clips];
			expect(await Promise.all(many.map(clip => search(clip)))).toEqual([...alone, ...alone]);
		});

		it('have them beside prompts of other lengths and searches of other kinds', async () => {
			const [clip] = clips as [Clip];
			const timed = await search(clip, {timedFrames: clip.audio.frames});
			const others = [
				search(clips[1]!, {beamSize: 3}),
				search(clips[2]!, {withTimestamps: true, sampling: {temperature: 1, candidates: 2, seed: 1}}),
				search(clips[4]!, {prompt: [50_361, 400, 370, 452, 50_258, 50_274, 50_359, 50_363]}),
			];
			expect(await search(clip, {timedFrames: clip.audio.frames})).toEqual(timed);
			await Promise.all(others);
		});

		it('have them with beams', async () => {
			const some = [clips[1]!, clips[2]!, clips[4]!];
			const apart: SearchResult[] = [];
			for (const clip of some) apart.push(await search(clip, {beamSize: 3}));
			expect(await Promise.all(some.map(clip => search(clip, {beamSize: 3})))).toEqual(apart);
		});

		it('are drawn the same with the same seed', async () => {
			const sampling = {temperature: 0.8, candidates: 4, seed: 7};
			const drawn = await search(clips[0]!, {sampling});
			const together = await Promise.all(clips.slice(0, 3).map(clip => search(clip, {sampling})));
			expect(together[0]).toEqual(drawn);
			expect(await search(clips[0]!, {sampling: {...sampling, seed: 8}})).not.toEqual(drawn);
		});

		it('do not notice that one of them is given up', async () => {
			const controller = new AbortController();
			const {decoder} = whisper;
			const givenUp = (async () =>
				decoder.search(
					await decoder.prepare(clips[3]!.audio),
					{
						prompt: [50_258, 50_260, 50_359, 50_363],
						withTimestamps: false,
						maxTokens: 400,
						beamSize: 1,
						sampling: undefined,
						timedFrames: undefined,
					},
					{signal: controller.signal},
				))();
			const settled = givenUp.catch((error: unknown) => error);
			const other = search(clips[0]!);
			const reason = new Error('enough');
			setImmediate(() => controller.abort(reason));
			expect(await settled).toBe(reason);
			expect(await other).toEqual(alone[0]);
		});
	});
});
