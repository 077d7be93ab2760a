import {describe, expect, it} from 'vitest';
import type {VoicedAudio} from '../../../../../src/core/audio/voiced-audio.js';
import type {Recognition} from '../../../../../src/core/translation/whisper/recognition.js';
import {toSegments} from '../../../../../src/core/translation/whisper/to-segments.js';
import {makeVocabulary} from '../../../../helpers/tiny-whisper.js';

/** 10 s to 16 s, with speech from 10.5 s to 15 s. */
const audio = {
	startMs: 10_000,
	endMs: 16_000,
	startSample: 160_000,
	endSample: 256_000,
	runs: [
		{startSample: 168_000, endSample: 192_000},
		{startSample: 200_000, endSample: 240_000},
	],
	samples: new Float32Array(96_000),
} as unknown as VoicedAudio;

function recognize(pieces: readonly string[], parts: Partial<Recognition> = {}): Recognition {
	return {
		tokens: [...pieces.keys()],
		text: pieces.join('').trim(),
		averageLogProbability: -0.2,
		noSpeechProbability: 0.1,
		compressionRatio: 1.2,
		temperature: 0.4,
		probabilities: pieces.map((_, index) => 0.5 + index / 100),
		times: pieces.map((_, index) => ({startMs: 500 + index * 500, endMs: 900 + index * 500})),
		repairs: [],
		...parts,
	};
}

function segments(pieces: readonly string[], parts: Partial<Recognition> = {}, language = 'en') {
	return toSegments(audio, recognize(pieces, parts), language, language, makeVocabulary(pieces));
}

describe('toSegments()', () => {
	it('makes one segment of the stretch that was spoken where words are not timed', () => {
		expect(segments([' Yes', '.', ' No', '.'], {times: undefined}, 'de')).toEqual([
			{
				startMs: 10_500,
				endMs: 15_000,
				text: 'Yes. No.',
				sourceLanguage: 'de',
				averageLogProbability: -0.2,
				noSpeechProbability: 0.1,
				compressionRatio: 1.2,
				temperature: 0.4,
				tokens: [0, 1, 2, 3],
			},
		]);
	});

	it('gives each sentence its own tokens', () => {
		const pieces = [' Ask', ' not', '.', ' Ask', ' what', '!'];
		expect(segments(pieces).map(({tokens}) => tokens)).toEqual([
			[0, 1, 2],
			[3, 4, 5],
		]);
	});

	it('makes one segment a sentence where words are timed, from its first word to its last', () => {
		const [first, second, ...others] = segments([' Ask', ' not', '.', ' Ask', ' what', '!']);
		expect(others).toEqual([]);
		expect(first).toMatchObject({text: 'Ask not.', startMs: 10_500, endMs: 11_900});
		expect(second).toMatchObject({text: 'Ask what!', startMs: 12_000, endMs: 13_400});
		expect(first!.words).toEqual([
			{text: ' Ask', startMs: 10_500, endMs: 10_900, probability: 0.5},
			{text: ' not.', startMs: 11_000, endMs: 11_900, probability: expect.closeTo(0.515, 6) as number},
		]);
	});

	it('keeps words within what the detector took for speech', () => {
		const times = [
			{startMs: 0, endMs: 700},
			{startMs: 700, endMs: 5900},
		];
		const [segment] = segments([' Ask', ' not'], {times});
		expect(segment!.words).toMatchObject([
			{startMs: 10_500, endMs: 10_700},
			{startMs: 10_700, endMs: 15_000},
		]);
		expect(segment).toMatchObject({startMs: 10_500, endMs: 15_000});
	});

	it('lets the words of a segment join to its text', () => {
		for (const {text, words} of segments([' "', 'So', '," ', 'he', ' said', '.', ' Then', ' no', '…']))
			expect(
				words!
					.map(word => word.text)
					.join('')
					.trim(),
			).toBe(text);
	});

	it('does not end a sentence at an abbreviation or an initial', () => {
		expect(
			segments([' Mr', '.', ' J', '.', ' Hale', ' came', '.', ' Good', '.']).map(({text}) => text),
		).toEqual(['Mr. J. Hale came.', 'Good.']);
	});

	it('ends sentences where Chinese does', () => {
		expect(segments(['你', '好', '。', '再', '见', '。'], {}, 'zh').map(({text}) => text)).toEqual([
			'你好。',
			'再见。',
		]);
	});

	it('makes nothing of no text', () => {
		expect(segments([], {text: ''})).toEqual([]);
	});
});
