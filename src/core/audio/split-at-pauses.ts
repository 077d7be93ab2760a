import {SAMPLE_RATE_HZ} from './audio-source.js';
import type {VoicedAudio} from './voiced-audio.js';

/**
 * Cuts a stretch of speech in the middle of its pauses.
 *
 * @param pauseMs - shorter pauses are left alone.
 * @returns the parts in order, without a gap between them; the stretch itself if there is no such pause. A
 * part has the mean probability of the whole.
 */
export function splitAtPauses(speech: VoicedAudio, pauseMs: number): VoicedAudio[] {
	const pauseSamples = (pauseMs * SAMPLE_RATE_HZ) / 1000;
	const cuts = speech.runs.slice(1).flatMap(({startSample}, index) => {
		const {endSample} = speech.runs[index]!;
		return startSample - endSample < pauseSamples ? [] : [Math.round((startSample + endSample) / 2)];
	});
	const ends = [...cuts, speech.endSample];
	return ends.map((endSample, index) => part(speech, cuts[index - 1] ?? speech.startSample, endSample));
}

/** The parts of one stretch that lie side by side, as one. */
export function joinParts(speech: VoicedAudio, parts: readonly VoicedAudio[]): VoicedAudio {
	return part(speech, parts[0]!.startSample, parts.at(-1)!.endSample);
}

function part(speech: VoicedAudio, startSample: number, endSample: number): VoicedAudio {
	return {
		startSample,
		endSample,
		startMs: (startSample * 1000) / SAMPLE_RATE_HZ,
		endMs: (endSample * 1000) / SAMPLE_RATE_HZ,
		runs: speech.runs.filter(run => run.startSample >= startSample && run.endSample <= endSample),
		speechProbability: speech.speechProbability,
		// A copy: what goes to another thread takes all of its buffer along.
		samples: speech.samples.slice(startSample - speech.startSample, endSample - speech.startSample),
	};
}
