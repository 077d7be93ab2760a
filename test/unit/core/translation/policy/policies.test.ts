import {describe, expect, it} from 'vitest';
import {LATENCY_MULTIPLIERS, POLICY_NAMES} from '../../../../../src/core/engine/engine.js';
import {alignAtt} from '../../../../../src/core/translation/policy/align-att.js';
import type {Hypothesis, PolicyContext} from '../../../../../src/core/translation/policy/commit-policy.js';
import {findPolicy} from '../../../../../src/core/translation/policy/find-policy.js';
import {
	latencySettings,
	type LatencySettings,
} from '../../../../../src/core/translation/policy/latency-settings.js';
import {localAgreement} from '../../../../../src/core/translation/policy/local-agreement.js';
import {waitK} from '../../../../../src/core/translation/policy/wait-k.js';

const SETTINGS: LatencySettings = {
	stepMs: 1000,
	holdFrames: 50,
	sureHoldFrames: 20,
	sureProbability: 0.9,
	sureNextProbability: 0,
	keepMs: 0,
	minWindowMs: 2000,
	pauseMs: 600,
	capMs: 10_000,
	silenceMs: 1000,
	looksAhead: true,
};

function hypothesis(parts: Partial<Hypothesis> & Pick<Hypothesis, 'tokens'>): Hypothesis {
	return {
		frames: parts.tokens.map((_, place) => place * 10),
		probabilities: parts.tokens.map(() => 0.5),
		audioFrames: 200,
		...parts,
	};
}

function context(parts: Partial<PolicyContext> = {}): PolicyContext {
	return {
		settings: SETTINGS,
		previous: undefined,
		speechMs: 2000,
		settledWords: 0,
		// Two tokens a word.
		lengthOfWords: (tokens, words) => Math.min(tokens.length, 2 * words),
		...parts,
	};
}

describe('findPolicy()', () => {
	it.each(POLICY_NAMES)('finds %s', name => {
		expect(findPolicy(name).name).toBe(name);
	});
});

describe('latencySettings()', () => {
	it('is never more eager at a higher multiplier', () => {
		const rows = LATENCY_MULTIPLIERS.map(latencySettings);
		for (const [row, slower] of rows.slice(1).entries()) {
			const faster = rows[row]!;
			for (const name of ['stepMs', 'holdFrames', 'sureHoldFrames', 'minWindowMs', 'pauseMs'] as const)
				expect(slower[name], name).toBeGreaterThanOrEqual(faster[name]);
		}
		expect(new Set(rows.map(row => JSON.stringify(row))).size).toBe(rows.length);
	});

	it.each(LATENCY_MULTIPLIERS)('lets windows of multiplier %d be heard in one piece', multiplier => {
		const {capMs, stepMs, pauseMs, holdFrames, sureHoldFrames} = latencySettings(multiplier);
		// The model takes 30 s: the longest window, the pieces between looks, and a second of silence.
		expect(capMs + 3000 + 2 * stepMs).toBeLessThanOrEqual(29_000);
		expect(pauseMs).toBeLessThan(capMs);
		expect(sureHoldFrames).toBeLessThanOrEqual(holdFrames);
		expect(Number.isInteger(sureHoldFrames)).toBe(true);
	});
});

describe('AlignAtt', () => {
	it.each([
		['all of it, with enough audio behind', [0, 60, 149], [0.5, 0.5, 0.5], 3],
		['up to the first token read too near the end', [0, 150, 100], [0.5, 0.5, 0.5], 1],
		['a likely token with less audio behind it', [0, 150, 179], [0.5, 0.9, 0.95], 3],
		['no likely token with too little even for that', [0, 150, 180], [0.5, 0.9, 0.99], 2],
		['nothing, if the first token is too near the end', [199, 0, 0], [0.5, 0.5, 0.5], 0],
	])('settles %s', (_title, frames, probabilities, count) => {
		const tokens = [7, 8, 9];
		expect(alignAtt.settle(hypothesis({tokens, frames, probabilities}), context())).toBe(count);
	});

	it.each([
		['what was foreseen', [7, 8, 9], 3],
		['nothing behind the first token that was not', [7, 1, 9], 1],
		['nothing more than without, if all was foreseen otherwise', [1, 8, 9], 1],
		['nothing more, if less was foreseen', [7], 1],
	])('needs less audio behind %s', (_title, previous, count) => {
		const given = hypothesis({tokens: [7, 8, 9], frames: [0, 160, 170]});
		expect(alignAtt.settle(given, context({previous}))).toBe(count);
	});

	it('settles nothing of an empty hypothesis', () => {
		expect(alignAtt.settle(hypothesis({tokens: []}), context())).toBe(0);
	});

	it('settles nothing that is read from its shortest hold on, however sure', () => {
		const first = 200 - SETTINGS.sureHoldFrames;
		const given = hypothesis({tokens: [7], frames: [first], probabilities: [1]});
		expect(alignAtt.settle(given, context({previous: [7]}))).toBe(0);
		expect(alignAtt.settle({...given, frames: [first - 1]}, context({previous: [7]}))).toBe(1);
	});

	it('tells from where on it settles nothing', () => {
		const frames = [40, 150, 179, 180, 190];
		const all = hypothesis({tokens: [1, 2, 3, 4, 5], frames, probabilities: frames.map(() => 1)});
		const heldFrom = alignAtt.heldFrom!(all.audioFrames, SETTINGS);
		expect(heldFrom).toBe(180);
		const count = alignAtt.settle(all, context());
		expect(count).toBe(3);
		// What is read behind that makes no difference.
		const cut = hypothesis({tokens: [1, 2, 3, 4], frames: frames.slice(0, 4), probabilities: [1, 1, 1, 1]});
		expect(alignAtt.settle(cut, context())).toBe(count);
	});

	it('holds a likely token back where what follows is unlikely: the word may go on', () => {
		const settings = {...SETTINGS, sureNextProbability: 0.5};
		const frames = [200 - SETTINGS.sureHoldFrames - 1, 199];
		const given = hypothesis({tokens: [7, 8], frames, probabilities: [1, 0.4]});
		expect(alignAtt.settle(given, {...context(), settings})).toBe(0);
		expect(alignAtt.settle({...given, probabilities: [1, 0.6]}, {...context(), settings})).toBe(1);
	});
});

describe('local agreement', () => {
	it.each([
		['nothing at the first look', undefined, 0],
		['nothing where nothing was foreseen', [], 0],
		['what two looks agree on', [7, 8, 1, 9], 2],
		['no more than the look before had', [7], 1],
		['no more than there is', [7, 8, 9, 10], 3],
		['nothing where they differ at once', [1, 8, 9], 0],
	])('settles %s', (_title, previous, count) => {
		// However near the end of the audio: it does not know.
		const given = hypothesis({tokens: [7, 8, 9], frames: [199, 199, 199]});
		expect(localAgreement.settle(given, context({previous}))).toBe(count);
	});
});

describe('wait-k', () => {
	const tokens = [1, 2, 3, 4, 5, 6, 7, 8];

	it.each([
		// Waits for 3 words of 280 ms, and 20 ms for each frame of hold above 30.
		['nothing while it waits', 0.84 + 0.4, 0, 0],
		['a word after the first further 280 ms', 0.84 + 0.4 + 0.28, 0, 2],
		['a word for each', 0.84 + 0.4 + 3 * 0.28, 0, 6],
		['what is not settled yet', 0.84 + 0.4 + 3 * 0.28, 2, 2],
		['nothing if all of it is', 0.84 + 0.4 + 3 * 0.28, 3, 0],
		['no more than there is', 60, 0, 8],
	])('settles %s', (_title, speechSeconds, settledWords, count) => {
		// A millisecond more, so that nothing hangs on rounding.
		const speechMs = speechSeconds * 1000 + 1;
		expect(waitK.settle(hypothesis({tokens}), context({speechMs, settledWords}))).toBe(count);
	});

	it('waits longer at a higher multiplier', () => {
		const slower = {...SETTINGS, holdFrames: 80};
		const speechMs = 2000;
		expect(waitK.settle(hypothesis({tokens}), context({speechMs, settings: slower}))).toBeLessThan(
			waitK.settle(hypothesis({tokens}), context({speechMs})),
		);
	});
});
