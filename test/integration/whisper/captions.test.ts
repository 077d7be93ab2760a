import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {characterErrorRate, errorRateUnit, wordErrorRate} from '../../../src/core/scoring/error-rate.js';
import {foldToSimplifiedChinese} from '../../../src/core/scoring/chinese-script.js';
import type {FileTranslator} from '../../../src/core/translation/file-translator.js';
import {openWhisperFileTranslator} from '../../../src/core/translation/whisper-file-translator.js';
import {describeWithShared, hasShared, sharedPath} from '../../helpers/shared.js';
import {translateShared} from '../../helpers/translate-file.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

interface DevelopmentClip {
	readonly file: string;
	readonly language: string;
	readonly seconds: number;
	readonly transcript: string;
}

const clips: readonly DevelopmentClip[] = hasShared
	? (JSON.parse(readFileSync(sharedPath('audio/dev/manifest.json'), 'utf8')) as DevelopmentClip[])
	: [];

/**
 * Share of words (Chinese: characters, simplified) that may be wrong, in percent. Measured here: 0, 14, 7, 4; 14,
 * 27, 15; 0, 11, 17; 0; 17, 14; 38, 65. The short clips have 8 to 20 words, of which one or two more may be
 * wrong. The reader of the last one announces himself, which is in no transcript.
 */
const MOST_ERRORS: Readonly<Record<string, number>> = {
	'en_jfk.flac': 5,
	'en_fleurs01.flac': 20,
	'en_fleurs03.flac': 15,
	'en_libri_1688.flac': 7,
	'de_fleurs01.ogg': 20,
	'de_fleurs05.flac': 35,
	'de_kerstin_dev.flac': 20,
	'es_fleurs02.flac': 8,
	'es_fleurs06.flac': 23,
	'es_capitan_veneno.mp3': 21,
	'it_vetta.flac': 21,
	'zh_aishell.wav': 25,
	'zh_fleurs1883.flac': 20,
	'fr_fleurs04.flac': 47,
	'fr_albatros.flac': 70,
};

describeWithShared('captions of recordings', () => {
	describeWithWhisperBase('by whisper-base in the default precision', () => {
		let translator: FileTranslator;

		beforeAll(async () => {
			translator = await openWhisperFileTranslator({graphsDirectory: await ensureWhisperBase('int8')});
		});

		afterAll(() => translator.close());

		// The two long recordings are for the benchmark.
		it.each(clips.filter(({file}) => file in MOST_ERRORS))(
			'are of $file in its language, with few errors and timed words',
			async ({file, language, transcript, seconds}) => {
				const outcome = await translateShared(translator, `audio/dev/${file}`, {words: true});
				const {languages, text, segments, events} = outcome;
				expect(languages).toEqual([language]);
				const {rate} =
					errorRateUnit(language) === 'word'
						? wordErrorRate(transcript, text, {normalizer: 'english'})
						: characterErrorRate(foldToSimplifiedChinese(transcript), foldToSimplifiedChinese(text));
				expect(rate * 100).toBeLessThanOrEqual(MOST_ERRORS[file]!);

				expect(segments.map(({index}) => index)).toEqual([...segments.keys()]);
				expect(events.at(-1)).toMatchObject({type: 'translation-ended', segments: segments.length});
				let lastMs = 0;
				for (const segment of segments) {
					const words = segment.words!;
					expect(
						words
							.map(word => word.text)
							.join('')
							.trim(),
					).toBe(segment.text);
					expect(segment).toMatchObject({startMs: words[0]!.startMs, endMs: words.at(-1)!.endMs});
					for (const {startMs, endMs, probability} of words) {
						expect(startMs).toBeGreaterThanOrEqual(lastMs);
						expect(endMs).toBeGreaterThanOrEqual(startMs);
						expect(probability).toBeGreaterThan(0);
						expect(probability).toBeLessThanOrEqual(1);
						lastMs = endMs;
					}
				}
				expect(lastMs).toBeLessThanOrEqual(seconds * 1000 + 10);
			},
		);
	});
});
