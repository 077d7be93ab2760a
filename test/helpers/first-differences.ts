import type {LanguageModel} from '../../src/core/models/decoder-lm/language-model.js';
import {findBest} from './greedy.js';

/** See make-llama-cpp-goldens.py. */
export interface GreedyGolden {
	readonly prompt: string;
	readonly tokens: readonly number[];
	readonly answer: readonly number[];
	readonly text: string;
	/** The four best tokens of each step, with their logits. */
	readonly tops: readonly (readonly (readonly [id: number, logit: number])[])[];
}

/** Where two programs first hold different tokens for the best, and by how much each prefers its own; logits. */
export interface FirstDifference {
	readonly step: number;
	readonly theirs: number;
	readonly own: number;
	/** Infinity if our token is not among their four best. */
	readonly theirLead: number;
	readonly ownLead: number;
}

export interface Agreement {
	/** Steps of the answer, and in how many of them the best token is the same. */
	readonly steps: number;
	readonly same: number;
	/** Of the logit of their best token, summed over the steps. */
	readonly difference: number;
	/** How far both disagree about the distance of their best token from the three behind it, for each step and pair. */
	readonly disagreements: readonly number[];
	readonly first: FirstDifference | undefined;
	/** Largest lead of another token over theirs. */
	readonly largestLead: number;
}

/** Reads along an answer of llama.cpp, and compares what is held for likely at each step. */
export async function readAlong(
	model: LanguageModel,
	{tokens, answer, tops}: GreedyGolden,
): Promise<Agreement> {
	const context = model.openContext();
	let logits = await model.step(context, tokens);
	let [same, difference, largestLead] = [0, 0, 0];
	let first: FirstDifference | undefined;
	const disagreements: number[] = [];
	for (const [step, theirs] of answer.entries()) {
		const [[, theirBest], ...others] = tops[step]! as [
			readonly [number, number],
			...(readonly [number, number])[],
		];
		const own = findBest(logits);
		const ownLead = logits[own]! - logits[theirs]!;
		difference += Math.abs(logits[theirs]! - theirBest);
		largestLead = Math.max(largestLead, ownLead);
		for (const [token, logit] of others) {
			disagreements.push(Math.abs(theirBest - logit - (logits[theirs]! - logits[token]!)));
		}
		if (own === theirs) same++;
		else {
			const [, known = -Infinity] = others.find(([token]) => token === own) ?? [];
			first ??= {step, theirs, own, theirLead: theirBest - known, ownLead};
		}
		if (step < answer.length - 1) logits = await model.step(context, [theirs]);
	}
	context.destroy();
	return {steps: answer.length, same, difference, disagreements, first, largestLead};
}
