import {SAMPLE_RATE_HZ} from '../../src/core/audio/audio-source.js';
import {alignUnits} from '../../src/core/scoring/edit-alignment.js';
import type {DevClip} from '../kit/dev-set.js';
import {readSamples} from '../kit/read-samples.js';
import {splitUnits} from './text-units.js';
import {joinWords, type WholeFileTexts} from './whole-file.js';
import type {SpokenWord} from './word-lag.js';

/** What a client plays, and what is known of it. */
export interface LiveInput {
	readonly name: string;
	/** Spoken. */
	readonly language: string;
	/** Mono at 16 kHz. */
	readonly samples: Float32Array;
	readonly audioMs: number;
	/** Words with their times. */
	readonly spoken: readonly SpokenWord[];
	/** What was said, as people wrote it down; of a part of a recording, normalised. */
	readonly transcript: string;
	/** What our file translator writes. */
	readonly wholeCaptions: string;
	/** Only where the set has a translation and the recording is whole. */
	readonly english?: {readonly reference: string; readonly whole: string};
}

const loaded = new Map<string, Promise<Float32Array>>();

/** A clip from its beginning, cut in a pause when it is longer than `maxMs`. */
export async function readClipInput(
	clip: DevClip,
	whole: WholeFileTexts,
	maxMs = Number.POSITIVE_INFINITY,
): Promise<LiveInput> {
	const {file, language, transcript, translations} = clip;
	const samples = await loadSamples(clip);
	const timed = whole.timed.get(file)!.words;
	const wholeCaptions = whole.captions.get(file)!.words;
	const audioMs = toMs(samples.length);
	if (audioMs <= maxMs) {
		const reference = language === 'en' ? undefined : translations['en'];
		return {
			name: file,
			language,
			samples,
			audioMs,
			spoken: timed,
			transcript,
			wholeCaptions: joinWords(wholeCaptions),
			...(reference !== undefined && {
				english: {reference, whole: joinWords(whole.translations.get(file)!.words)},
			}),
		};
	}
	const cutMs = findPauseMs(timed, maxMs);
	const isBefore = ({endMs}: SpokenWord) => endMs <= cutMs;
	return {
		name: file,
		language,
		samples: samples.subarray(0, toSamples(cutMs)),
		audioMs: cutMs,
		spoken: timed.filter(isBefore),
		transcript: transcriptUntil(transcript, language, timed, cutMs),
		wholeCaptions: joinWords(wholeCaptions.filter(isBefore)),
	};
}

/**
 * Streams for many speakers, none like another: each begins with another clip of the set, goes on with the other
 * clips of its language and begins again, for `audioMs`. After as many streams as there are clips the next ones begin
 * later within their clip, in a pause.
 */
export async function readLoadInputs(
	clips: readonly DevClip[],
	whole: WholeFileTexts,
	count: number,
	audioMs: number,
): Promise<LiveInput[]> {
	const inputs: LiveInput[] = [];
	for (let index = 0; index < count; index += 1) {
		const first = clips[index % clips.length]!;
		const sameLanguage = clips.filter(({language}) => language === first.language);
		const at = sameLanguage.indexOf(first);
		const order = [...sameLanguage.slice(at), ...sameLanguage.slice(0, at)];
		inputs.push(await loopClips(order, whole, 7000 * Math.floor(index / clips.length), audioMs, index));
	}
	return inputs;
}

async function loopClips(
	clips: readonly DevClip[],
	whole: WholeFileTexts,
	skipMs: number,
	audioMs: number,
	index: number,
): Promise<LiveInput> {
	const pieces: {samples: Float32Array; input: LiveInput; fromMs: number; toMs: number}[] = [];
	let leftMs = audioMs;
	let fromMs: number | undefined;
	for (let turn = 0; leftMs > 0; turn += 1) {
		const input = await readClipInput(clips[turn % clips.length]!, whole);
		fromMs ??= skipMs === 0 ? 0 : findPauseMs(input.spoken, skipMs);
		const toMs = Math.min(input.audioMs, fromMs + leftMs);
		pieces.push({
			samples: input.samples.subarray(toSamples(fromMs), toSamples(toMs)),
			input,
			fromMs,
			toMs,
		});
		leftMs -= toMs - fromMs;
		fromMs = 0;
	}
	const {language} = clips[0]!;
	const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.samples.length, 0));
	const spoken: SpokenWord[] = [];
	const transcripts: string[] = [];
	const captions: string[] = [];
	let writtenSamples = 0;
	for (const piece of pieces) {
		const atMs = toMs(writtenSamples);
		samples.set(piece.samples, writtenSamples);
		writtenSamples += piece.samples.length;
		const isInside = ({endMs}: SpokenWord) => endMs > piece.fromMs && endMs <= piece.toMs;
		for (const {text, startMs, endMs} of piece.input.spoken.filter(isInside)) {
			const shiftMs = atMs - piece.fromMs;
			spoken.push({text, startMs: startMs + shiftMs, endMs: endMs + shiftMs});
		}
		transcripts.push(
			transcriptUntil(piece.input.transcript, language, piece.input.spoken, piece.toMs, piece.fromMs),
		);
		captions.push(joinWords(whole.captions.get(piece.input.name)!.words.filter(isInside)));
	}
	return {
		name: `${index + 1}: ${pieces[0]!.input.name}`,
		language,
		samples,
		audioMs: toMs(samples.length),
		spoken,
		transcript: transcripts.join(' '),
		wholeCaptions: captions.join(' '),
	};
}

/** The middle of the longest pause between two words in the last third before `untilMs`. */
export function findPauseMs(words: readonly SpokenWord[], untilMs: number): number {
	let best = {lengthMs: -1, atMs: untilMs};
	for (const [index, {endMs}] of words.entries()) {
		const nextMs = words[index + 1]?.startMs;
		if (nextMs === undefined || endMs < (untilMs * 2) / 3 || nextMs > untilMs) continue;
		if (nextMs - endMs > best.lengthMs) best = {lengthMs: nextMs - endMs, atMs: (endMs + nextMs) / 2};
	}
	return best.atMs;
}

/**
 * The part of a transcript that was spoken between two times, normalised: where the cheapest alignment with the timed
 * words lies at these times.
 */
export function transcriptUntil(
	transcript: string,
	language: string,
	timed: readonly SpokenWord[],
	untilMs: number,
	fromMs = 0,
): string {
	const said = splitUnits(transcript, language);
	const heard = timed.flatMap(({text, endMs}) => splitUnits(text, language).map(unit => ({unit, endMs})));
	const steps = alignUnits(
		said,
		heard.map(({unit}) => unit),
	);
	const boundary = (atMs: number): number => {
		if (atMs <= 0) return 0;
		const heardUnits = heard.filter(({endMs}) => endMs <= atMs).length;
		if (heardUnits === heard.length) return said.length;
		let units = 0;
		for (const step of steps) {
			if (step.type !== 'deletion' && step.hypothesisIndex >= heardUnits) break;
			if (step.type !== 'insertion') units = step.referenceIndex + 1;
		}
		return units;
	};
	return said.slice(boundary(fromMs), boundary(untilMs)).join(' ');
}

function loadSamples({path}: DevClip): Promise<Float32Array> {
	const found = loaded.get(path);
	if (found !== undefined) return found;
	const reading = readSamples(path);
	loaded.set(path, reading);
	return reading;
}

function toMs(samples: number): number {
	return (samples * 1000) / SAMPLE_RATE_HZ;
}

function toSamples(ms: number): number {
	return Math.round((ms * SAMPLE_RATE_HZ) / 1000);
}
