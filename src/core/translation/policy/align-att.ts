import type {CommitPolicy} from './commit-policy.js';

/**
 * AlignAtt (Papi, Turchi, Negri 2023, arXiv 2305.11408): a token is settled when the audio it was read from has
 * enough audio behind it. Where the model is sure, or repeats what it foresaw at the last look, less is enough.
 */
export const alignAtt: CommitPolicy = {
	name: 'align-att',
	heldFrom: (audioFrames, {sureHoldFrames, holdFrames}) => audioFrames - Math.min(sureHoldFrames, holdFrames),
	settle({tokens, frames, probabilities, audioFrames}, {settings, previous}) {
		let foreseen = 0;
		while (foreseen < tokens.length && previous?.[foreseen] === tokens[foreseen]) foreseen++;
		const isLikely = (place: number, probability: number): boolean =>
			place < foreseen || place >= tokens.length || probabilities[place]! >= probability;
		for (const place of tokens.keys()) {
			const isSure =
				isLikely(place, settings.sureProbability) && isLikely(place + 1, settings.sureNextProbability);
			const hold = isSure ? settings.sureHoldFrames : settings.holdFrames;
			if (frames[place]! >= audioFrames - hold) return place;
		}
		return tokens.length;
	},
};
