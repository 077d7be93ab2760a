import type {WhisperDescription} from '../../models/whisper/whisper-description.js';

/** What a search begins with. */
export interface SteeringPrompt {
	/** Text before, in tokens; as long as it may be. */
	readonly before: readonly number[];
	/** Code of the language spoken; of no meaning to an English-only model. */
	readonly language: string;
	readonly task: 'transcribe' | 'translate';
	readonly withTimestamps: boolean;
}

/** Tokens that tell the model what to write (Radford et al. 2022, section 2.3). */
export function steeringPrompt(
	{specialTokens, languageTokens}: WhisperDescription,
	{before, language, task, withTimestamps}: SteeringPrompt,
): number[] {
	const languageToken = languageTokens[language];
	return [
		...(before.length > 0 ? [specialTokens.startOfPrevious, ...before] : []),
		specialTokens.startOfTranscript,
		...(languageToken === undefined ? [] : [languageToken, specialTokens[task]]),
		...(withTimestamps ? [] : [specialTokens.noTimestamps]),
	];
}
