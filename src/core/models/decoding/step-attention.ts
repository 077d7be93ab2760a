import type {GraphBuilder, Value} from '../graph/graph-builder.js';
import {multiplyTransposed} from '../graph/linear.js';

/** Far below any score, so that what is masked weighs exactly 0 after the softmax. */
const MASKED = -1e9;

/** What all layers of a step of a decoder share. */
export interface Step {
	readonly tokens: Value;
	/** [rows, new], 0-based. */
	readonly positions: Value;
	readonly logitPositions: Value;
	/** Added to scores: [rows, 1, 1, capacity], [new, new] and [rows, 1, 1, source]. */
	readonly pastMask: Value;
	readonly newMask: Value;
	readonly sourceMask: Value;
}

interface KeyValue {
	readonly key: Value;
	readonly value: Value;
}

/**
 * Adds the inputs `tokens`, `past_lengths`, `logit_positions` and the one that tells how long the source of each row is. The
 * sizes of masks are those of the inputs `past_key.0` and `cross_value.0`, which the caller adds.
 */
export function addStepInputs(graph: GraphBuilder, lengthsInput: string): Step {
	const tokens = graph.input('tokens', 'int64', ['rows', 'new']);
	const pastLengths = graph.input('past_lengths', 'int64', ['rows']);
	const sourceLengths = graph.input(lengthsInput, 'int64', ['rows']);
	const logitPositions = graph.input('logit_positions', 'int64', ['rows', 'wanted']);
	const size = (value: Value, axis: number): Value => {
		const shape = graph.node('Shape', [value], {attributes: {start: BigInt(axis), end: BigInt(axis + 1)}});
		return graph.node('Squeeze', [shape, graph.integers(0)]);
	};
	const range = (length: Value): Value => graph.node('Range', [graph.integer(0), length, graph.integer(1)]);
	const mask = (allowed: Value): Value => graph.node('Where', [allowed, graph.float(0), graph.float(MASKED)]);
	const perRow = (lengths: Value): Value => graph.node('Unsqueeze', [lengths, graph.integers(1, 2, 3)]);

	const steps = range(size(tokens, 1));
	const earlier = graph.node('LessOrEqual', [
		graph.node('Unsqueeze', [steps, graph.integers(0)]),
		graph.node('Unsqueeze', [steps, graph.integers(1)]),
	]);
	return {
		tokens,
		positions: graph.node('Add', [graph.node('Unsqueeze', [pastLengths, graph.integers(1)]), steps]),
		logitPositions,
		pastMask: mask(graph.node('Less', [range(size('past_key.0', 2)), perRow(pastLengths)])),
		newMask: mask(earlier),
		sourceMask: mask(graph.node('Less', [range(size('cross_value.0', 2)), perRow(sourceLengths)])),
	};
}

/** Past and new tokens are scored apart and weighed together, so that the past need not be copied behind the new. */
export function attendPastAndNew(
	graph: GraphBuilder,
	query: Value,
	fresh: KeyValue,
	past: KeyValue,
	step: Pick<Step, 'pastMask' | 'newMask'>,
): Value {
	const pastScores = graph.node('Add', [multiplyTransposed(graph, query, past.key), step.pastMask]);
	const newScores = graph.node('Add', [multiplyTransposed(graph, query, fresh.key), step.newMask]);
	const scores = graph.node('Concat', [pastScores, newScores], {attributes: {axis: -1n}});
	const weights = graph.node('Softmax', [scores], {attributes: {axis: -1n}});
	const lengths = graph.node('Concat', [lastSize(graph, pastScores), lastSize(graph, newScores)], {
		attributes: {axis: 0n},
	});
	const [pastWeights, newWeights] = graph.nodes('Split', [weights, lengths], 2, {attributes: {axis: -1n}});
	return graph.node('Add', [
		graph.node('MatMul', [pastWeights!, past.value]),
		graph.node('MatMul', [newWeights!, fresh.value]),
	]);
}

function lastSize(graph: GraphBuilder, value: Value): Value {
	return graph.node('Shape', [value], {attributes: {start: 3n, end: 4n}});
}
