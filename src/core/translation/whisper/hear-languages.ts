import {joinParts, splitAtPauses} from '../../audio/split-at-pauses.js';
import type {VoicedAudio} from '../../audio/voiced-audio.js';
import type {HeardAudio, WhisperModel} from '../../models/whisper/whisper-model.js';
import type {LanguageTracker} from './language-tracker.js';
import type {SegmentRecognizer} from './segment-recognizer.js';

/** Of clips in one language 9 in 10 get more; two languages in one stretch got 0.94 and 0.73. */
const SURE_PROBABILITY = 0.97;

/** Speakers of two languages leave about a second between them; one speaker does so seldom. */
const PAUSE_MS = 700;

/** A part counts as another language when the model is this sure of it; otherwise it goes with the part before. */
const PART_PROBABILITY = 0.8;

/** A stretch in one language, ready to be recognised. */
export interface HeardSpeech {
	readonly speech: VoicedAudio;
	readonly heard: HeardAudio;
	readonly language: string;
	/** Set where the language is another than before. */
	readonly detected: {readonly language: string; readonly probability: number} | undefined;
}

interface LanguageHearing {
	readonly model: WhisperModel;
	readonly recognizer: SegmentRecognizer;
	readonly tracker: LanguageTracker;
	readonly signal: AbortSignal | undefined;
}

/**
 * Hears a stretch of speech and detects its language. Where the model is not sure and there are pauses, each
 * part between them is asked for its own, and the stretch is cut where the language changes: the model writes
 * one language at a time and leaves the other out.
 */
export async function hearLanguages(speech: VoicedAudio, hearing: LanguageHearing): Promise<HeardSpeech[]> {
	const {tracker} = hearing;
	const whole = await hear(speech, hearing);
	const {language, probability} = mostLikely(whole.probabilities);
	if (probability < SURE_PROBABILITY) {
		const stretches = await splitByLanguage(speech, language, hearing);
		if (stretches.length > 1) {
			hearing.model.release(whole.heard);
			const results: HeardSpeech[] = [];
			for (const stretch of stretches) {
				const {heard, probabilities} = await hear(stretch, hearing);
				results.push({speech: stretch, heard, ...observe(tracker, probabilities, stretch)});
			}
			return results;
		}
	}
	return [{speech, heard: whole.heard, ...observe(tracker, whole.probabilities, speech)}];
}

/** @param language - that the model hears in the whole. */
async function splitByLanguage(
	speech: VoicedAudio,
	language: string,
	hearing: LanguageHearing,
): Promise<VoicedAudio[]> {
	const parts = splitAtPauses(speech, PAUSE_MS);
	if (parts.length === 1) return [speech];
	// Most doubtful stretches are in one language after all; that both ends are in the same one is soon asked.
	const ends = [parts[0]!, parts.at(-1)!];
	let isOneLanguage = true;
	for (const end of ends) isOneLanguage &&= (await languageOf(end, hearing)) === language;
	if (isOneLanguage) return [speech];
	const groups: {language: string | undefined; parts: VoicedAudio[]}[] = [];
	for (const part of parts) {
		const known = await languageOf(part, hearing);
		const last = groups.at(-1);
		if (
			last === undefined ||
			(known !== undefined && last.language !== undefined && known !== last.language)
		) {
			groups.push({language: known, parts: [part]});
		} else {
			last.language ??= known;
			last.parts.push(part);
		}
	}
	return groups.map(({parts}) => joinParts(speech, parts));
}

/** Undefined if the model is not sure. */
async function languageOf(part: VoicedAudio, hearing: LanguageHearing): Promise<string | undefined> {
	const {heard, probabilities} = await hear(part, hearing);
	hearing.model.release(heard);
	const {language, probability} = mostLikely(probabilities);
	return probability < PART_PROBABILITY ? undefined : language;
}

async function hear(
	{samples}: VoicedAudio,
	{model, recognizer, signal}: LanguageHearing,
): Promise<{heard: HeardAudio; probabilities: ReadonlyMap<string, number>}> {
	const heard = await recognizer.hear(samples, signal);
	try {
		return {heard, probabilities: await model.detectLanguage(heard, {signal})};
	} catch (error) {
		model.release(heard);
		throw error;
	}
}

function observe(
	tracker: LanguageTracker,
	probabilities: ReadonlyMap<string, number>,
	{startMs, endMs}: VoicedAudio,
): Pick<HeardSpeech, 'language' | 'detected'> {
	const {isNew, language, probability} = tracker.observe(probabilities, endMs - startMs);
	return {language, detected: isNew ? {language, probability} : undefined};
}

function mostLikely(probabilities: ReadonlyMap<string, number>): {language: string; probability: number} {
	const [language, probability] = [...probabilities].reduce((best, entry) =>
		entry[1] > best[1] ? entry : best,
	);
	return {language, probability};
}
