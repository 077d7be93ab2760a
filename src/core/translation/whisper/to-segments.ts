import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import type {VoicedAudio} from '../../audio/voiced-audio.js';
import {splitWords} from '../../models/whisper/split-words.js';
import type {WhisperVocabulary} from '../../models/whisper/whisper-vocabulary.js';
import {endsSentence} from '../sentence-end.js';
import type {Segment, TimedWord} from '../translation-event.js';
import type {Recognition} from './recognition.js';

/**
 * Turns what was recognised in a stretch of audio into segments, one for each sentence where words are
 * timed, otherwise one for all.
 *
 * @param language - that was spoken.
 * @param textLanguage - that the text is written in.
 */
export function toSegments(
	audio: VoicedAudio,
	recognition: Recognition,
	language: string,
	textLanguage: string,
	vocabulary: WhisperVocabulary,
): Omit<Segment, 'index'>[] {
	if (recognition.text === '') return [];
	const {averageLogProbability, noSpeechProbability, compressionRatio, temperature} = recognition;
	const common = {
		sourceLanguage: language,
		averageLogProbability,
		noSpeechProbability,
		compressionRatio,
		temperature,
	};
	const {tokens} = recognition;
	const words = timeWords(audio, recognition, textLanguage, vocabulary);
	if (words === undefined || words.length === 0) {
		return [{...common, ...spokenSpan(audio), text: recognition.text, tokens}];
	}
	return splitSentences(words).map(sentence => ({
		...common,
		startMs: sentence[0]!.word.startMs,
		endMs: sentence.at(-1)!.word.endMs,
		text: sentence
			.map(({word}) => word.text)
			.join('')
			.trim(),
		words: sentence.map(({word}) => word),
		tokens: tokens.slice(sentence[0]!.from, sentence.at(-1)!.to),
	}));
}

/** A word, and where its tokens are among those of the recognition. */
interface PlacedWord {
	readonly word: TimedWord;
	readonly from: number;
	/** One more than the last. */
	readonly to: number;
}

function timeWords(
	audio: VoicedAudio,
	{tokens, times, probabilities}: Recognition,
	language: string,
	vocabulary: WhisperVocabulary,
): PlacedWord[] | undefined {
	if (times === undefined || times.length === 0) return undefined;
	// The first word is timed from the beginning of the audio, silence before it included.
	const {startMs, endMs} = spokenSpan(audio);
	const place = (offsetMs: number): number => Math.min(Math.max(audio.startMs + offsetMs, startMs), endMs);
	return splitWords(tokens, vocabulary, language).map(({text, from, to}) => ({
		word: {
			text,
			startMs: place(times[from]!.startMs),
			endMs: place(times[to - 1]!.endMs),
			probability: mean(probabilities.slice(from, to)),
		},
		from,
		to,
	}));
}

/** From the first to the last voice in a stretch. */
function spokenSpan({runs}: VoicedAudio): {startMs: number; endMs: number} {
	return {startMs: toMs(runs[0]!.startSample), endMs: toMs(runs.at(-1)!.endSample)};
}

function splitSentences(words: readonly PlacedWord[]): PlacedWord[][] {
	const sentences: PlacedWord[][] = [[]];
	for (const [index, placed] of words.entries()) {
		sentences.at(-1)!.push(placed);
		if (endsSentence(placed.word.text) && index < words.length - 1) sentences.push([]);
	}
	return sentences;
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function toMs(samples: number): number {
	return (samples * 1000) / SAMPLE_RATE_HZ;
}
