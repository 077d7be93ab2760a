/** Captions that are less likely on average were not said (the reference). */
export const DOUBTFUL_LOG_PROBABILITY = -1;

/** Above this, and with a doubtful text, nobody spoke (the reference). */
const MAX_NO_SPEECH_PROBABILITY = 0.6;

/**
 * What the detector is less sure of on average may be music or noise. Then the model's own doubt decides,
 * whatever the text: "Thank you." is as likely on music as a caption is on speech. Of a doubtful text less is
 * enough, unless it is for a word of its own (docs/quality.md, choices).
 */
const CLEAR_SPEECH_PROBABILITY = 0.85;
const MAX_NO_SPEECH_PROBABILITY_OF_UNCLEAR = 0.55;
const MAX_NO_SPEECH_PROBABILITY_OF_DOUBTFUL_PHRASE = 0.4;
const PHRASE_FROM_MS = 800;

/** What is known of a text and the audio that it was heard in. */
export interface SilenceWitnesses {
	/** Mean over the speech in it, of the voice activity detector, 0..1. */
	readonly speechProbability: number;
	/** How much of it the detector took for speech. */
	readonly speechMs: number;
	/** Of the model for the audio as it was first encoded, 0..1. */
	readonly noSpeechProbability: number;
	/** Of the text. */
	readonly averageLogProbability: number;
}

/** Whether nobody spoke, for which there are two witnesses: the detector of voices and the model. */
export function isSilence({
	speechProbability,
	speechMs,
	noSpeechProbability,
	averageLogProbability,
}: SilenceWitnesses): boolean {
	const isDoubtful = averageLogProbability < DOUBTFUL_LOG_PROBABILITY;
	if (speechProbability >= CLEAR_SPEECH_PROBABILITY) {
		return isDoubtful && noSpeechProbability > MAX_NO_SPEECH_PROBABILITY;
	}
	const limit =
		isDoubtful && speechMs >= PHRASE_FROM_MS
			? MAX_NO_SPEECH_PROBABILITY_OF_DOUBTFUL_PHRASE
			: MAX_NO_SPEECH_PROBABILITY_OF_UNCLEAR;
	return noSpeechProbability > limit;
}
