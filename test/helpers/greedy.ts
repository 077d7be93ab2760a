import type {LanguageModel, LanguageModelContext} from '../../src/core/models/decoder-lm/language-model.js';

/** Index of the largest; the first of equals. */
export function findBest(logits: Float32Array): number {
	let best = 0;
	for (let index = 1; index < logits.length; index++) if (logits[index]! > logits[best]!) best = index;
	return best;
}

export interface GreedyRun {
	readonly tokens: readonly number[];
	readonly first: Float32Array;
	readonly last: Float32Array;
}

/** Generates so many tokens behind a prompt. @param beforeStep - may shorten the context. */
export async function runGreedy(
	model: LanguageModel,
	prompt: readonly number[],
	steps: number,
	beforeStep: (context: LanguageModelContext, incoming: number) => void = () => undefined,
): Promise<GreedyRun> {
	const context = model.openContext();
	const tokens: number[] = [];
	let last = await model.step(context, prompt);
	const first = last.slice();
	while (tokens.length < steps) {
		const token = findBest(last);
		tokens.push(token);
		beforeStep(context, 1);
		last = await model.step(context, [token]);
	}
	context.destroy();
	return {tokens, first, last};
}
