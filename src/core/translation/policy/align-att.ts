import type {CommitPolicy} from './commit-policy.js';

/**
 * AlignAtt (Papi, Turchi, Negri 2023, arXiv 2305.11408): a token is settled when the audio it was read from has
 * enough audio behind it. Where the model is sure, or repeats what it foresaw at the last look, less is enough.
 */
export const alignAtt: CommitPolicy = {
	name: 'align-att',
	stopFrame: (audioFrames, {sureHoldFrames}) => audioFrames - sureHoldFrames,
	settle({tokens, frames, probabilities, audioFrames}, {settings, previous}) {
		let foreseen = true;
		for (const [place, token] of tokens.entries()) {
			foreseen &&= previous?.[place] === token;
			const isSure = foreseen || probabilities[place]! >= settings.sureProbability;
			const hold = isSure ? settings.sureHoldFrames : settings.holdFrames;
			if (frames[place]! >= audioFrames - hold) return place;
		}
		return tokens.length;
	},
};
