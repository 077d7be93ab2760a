import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {
	TranslationModel,
	TranslationRequest,
} from '../../../../../src/core/models/seq2seq/translation-model.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {
	openRandomTranslationModel,
	readFixture,
	type Golden,
} from '../../../../helpers/random-translation-model.js';

describe.each(['fp32', 'int8'] as const)('a translation model in %s', precision => {
	let parent: string;
	let model: TranslationModel;
	let requests: TranslationRequest[];

	beforeAll(async () => {
		parent = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
		model = await openRandomTranslationModel('marian', precision, {maxBatchSize: 12, parent});
		const {cases} = await readFixture<Golden>('marian', 'golden.json');
		requests = cases.flatMap(({source}, index) =>
			[1, 3].map(beams => ({
				tokens: source,
				target: 'de',
				beams,
				forcedPrefix: [5, 9, 40].slice(0, index),
				maxTokens: 12 + 4 * index,
				withAlignment: true,
			})),
		);
	});
	afterAll(async () => {
		await model.close();
		await rm(parent, {recursive: true, force: true});
	});

	it('translates a text the same to the last bit whoever is translated with it', async () => {
		const alone = [];
		for (const request of requests) alone.push(...(await model.translate([request])));
		const together = await model.translate(requests);
		expect(together).toEqual(alone);
		const sizes = Object.keys(model.statistics().batchSizes).map(Number);
		expect(Math.max(...sizes)).toBeGreaterThan(4);
	});

	it('tells of each token how it looks at the source', async () => {
		const [result] = await model.translate([requests[2]!]);
		expect(result!.alignments).toHaveLength(result!.tokens.length);
		for (const weights of result!.alignments!) {
			expect(weights).toHaveLength(requests[2]!.tokens.length);
			expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
		}
	});

	it('gives up a request, and goes on with those beside it', async () => {
		const abort = new AbortController();
		const long = {...requests[0]!, maxTokens: 60, noRepeatNgram: 1};
		const givenUp = model.translate([long], abort.signal).then(undefined, (reason: unknown) => reason);
		const other = model.translate([long]);
		abort.abort(new Error('enough'));
		expect(await givenUp).toBe(abort.signal.reason);
		expect((await other)[0]!.tokens.length).toBeGreaterThan(0);
	});

	it('refuses languages it does not write, and texts that are too long', async () => {
		const [request] = requests as [TranslationRequest];
		const language = await catchRejection(model.translate([{...request, target: 'fr'}]));
		expect(language.code).toBe('LANGUAGE_PAIR_UNSUPPORTED');
		const long = await catchRejection(model.translate([{...request, tokens: Array<number>(129).fill(7)}]));
		expect(long.code).toBe('LIMIT_EXCEEDED');
		const prefix = await catchRejection(
			model.translate([{...request, forcedPrefix: Array<number>(127).fill(7)}]),
		);
		expect(prefix.code).toBe('LIMIT_EXCEEDED');
	});
});

describe('a translation model that is closed', () => {
	it('rejects what waits and what comes', async () => {
		const model = await openRandomTranslationModel('nllb');
		const request = {tokens: [20, 30, 2], target: 'de'};
		const waiting = catchRejection(model.translate([request]));
		await model.close();
		expect((await waiting).code).toBe('RESOURCE_CLOSED');
		expect((await catchRejection(model.translate([request]))).code).toBe('RESOURCE_CLOSED');
		await model.close();
	});

	it('knew the pairs of its vocabulary', async () => {
		const model = await openRandomTranslationModel('nllb');
		expect(model.pairs.get('en')).toContain('zh');
		expect(model.pairs.get('en')).not.toContain('en');
		expect(model.pairs.size).toBeGreaterThan(90);
		await model.close();
	});
});
