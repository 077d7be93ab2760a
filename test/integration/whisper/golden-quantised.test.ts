import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
	characterErrorRate,
	errorRateUnit,
	poolErrorRates,
	wordErrorRate,
} from '../../../src/core/scoring/error-rate.js';
import {goldenClips} from '../../helpers/golden.js';
import {openLocalWhisper, type LocalWhisper} from '../../helpers/local-whisper.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

// Counted against what the reference writes in float32, not against what was said. Measured: int8 5.2 %, q8 2.9 %.
describeWithShared('whisper-base in 8 bits against the reference implementation', () => {
	describeWithWhisperBase('on the development clips', () => {
		describe.each(['int8', 'q8'] as const)('in %s', precision => {
			let whisper: LocalWhisper;

			beforeAll(async () => {
				whisper = await openLocalWhisper(await ensureWhisperBase(precision));
			});

			afterAll(() => whisper.close());

			it('writes almost the same captions: at most 8 % of the words differ', async () => {
				const rates = [];
				for (const {file, language, transcribe} of goldenClips) {
					const audio = await whisper.encoder.encode(await readClip(`audio/dev/${file}`), 30_000);
					const {tokens} = await whisper.search(audio, {language});
					const text = whisper.vocabulary.decode(tokens);
					const rate = errorRateUnit(language) === 'word' ? wordErrorRate : characterErrorRate;
					rates.push(rate(transcribe.text, text));
				}
				expect(poolErrorRates(rates).rate).toBeLessThan(0.08);
			});

			it('hears every language as the reference does', async () => {
				for (const {file, detected} of goldenClips) {
					const samples = await readClip(`audio/dev/${file}`);
					const audio = await whisper.decoder.prepare(await whisper.encoder.encode(samples, 1000));
					const probabilities = await whisper.decoder.detectLanguage(audio);
					const [language, probability] = [...probabilities].reduce((a, b) => (b[1] > a[1] ? b : a));
					expect(`<|${language}|>`, file).toBe(detected.token);
					expect(Math.abs(probability - detected.probability), file).toBeLessThan(0.05);
				}
			});
		});
	});
});
