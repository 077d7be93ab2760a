import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import {runGreedy} from '../../helpers/greedy.js';
import {
	buildGraph,
	readGoldens,
	unpackFloats,
	writeRandomModel,
} from '../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const goldens = await readGoldens();

describe.each(Object.keys(goldens.models))('a small %s model', name => {
	it('says what transformers says, with and without a window that slides', async () => {
		const golden = goldens.models[name]!;
		const {kept, tokens: windowTokens, dropped} = goldens.window;
		const source = join(await temporaryDirectory(), name);
		await writeRandomModel(source, golden, name === 'qwen2' ? 3 : 1);
		const model = await openLanguageModel({graphsDirectory: await buildGraph(source, 'fp32'), threads: 2});
		try {
			const whole = await runGreedy(model, golden.prompt, golden.tokens.length);
			expect(largestDifference(whole.first, unpackFloats(golden.firstLogits))).toBeLessThan(1e-3);
			expect(whole.tokens).toEqual(golden.tokens);

			const slid = await runGreedy(model, golden.prompt, golden.slidTokens.length, (context, incoming) => {
				if (context.length + incoming > windowTokens) context.dropSpan(kept, kept + dropped);
			});
			expect(slid.tokens).toEqual(golden.slidTokens);
			expect(largestDifference(slid.last, unpackFloats(golden.lastSlidLogits))).toBeLessThan(1e-3);
			expect(slid.tokens).not.toEqual(whole.tokens);
		} finally {
			await model.close();
		}
	});
});

function largestDifference(a: Float32Array, b: Float32Array): number {
	return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}
