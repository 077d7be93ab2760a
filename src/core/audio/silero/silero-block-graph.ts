import {
	ELEMENT_TYPES,
	encodeModel,
	type AttributeMessage,
	type NodeMessage,
	type TensorMessage,
	type ValueInfoMessage,
} from '../../models/graph/onnx-messages.js';
import {FRAMES_PER_WINDOW, SILERO_FRAME_SAMPLES, STATE_SIZE} from './silero-shape.js';
import type {SileroWeights} from './silero-weights.js';

const SPECTRUM_BINS = 129;
const OPERATOR_SET = 17;
const IR_VERSION = 8;

/**
 * Silero's network as one graph that takes any number of consecutive windows at once. A convolution over the
 * four frames of one window, which are always four, is a dense matrix: everything up to the recurrent layer
 * is then a few large products over all windows, and the recurrent layer runs along them.
 *
 * Inputs: `frames` [4 x windows, 256], `hidden` and `cell` [1, 1, 128]. Outputs: `probabilities`
 * [windows, 1], `nextHidden` and `nextCell` [1, 1, 128].
 */
export function buildSileroBlockGraph(weights: SileroWeights): Uint8Array {
	const nodes: NodeMessage[] = [];
	const initializer: TensorMessage[] = [];
	const add = (
		opType: string,
		input: string[],
		output: string | string[],
		attribute: AttributeMessage[] = [],
	): void => {
		nodes.push({opType, input, output: [output].flat(), attribute});
	};
	const floats = (name: string, dims: number[], values: Float32Array): string => {
		initializer.push({name, dims, dataType: ELEMENT_TYPES.float32, rawData: bytesOf(values)});
		return name;
	};
	const integers = (name: string, ...values: number[]): string => {
		const rawData = bytesOf(BigInt64Array.from(values, BigInt));
		initializer.push({name, dims: [values.length], dataType: ELEMENT_TYPES.int64, rawData});
		return name;
	};

	const basis = transpose(weights['stft.forward_basis_buffer'], 2 * SPECTRUM_BINS, SILERO_FRAME_SAMPLES);
	add('MatMul', ['frames', floats('basis', [SILERO_FRAME_SAMPLES, 2 * SPECTRUM_BINS], basis)], 'spectrum');
	add(
		'Split',
		['spectrum', integers('halves', SPECTRUM_BINS, SPECTRUM_BINS)],
		['real', 'imaginary'],
		[integerAttribute('axis', 1)],
	);
	add('Mul', ['real', 'real'], 'realSquared');
	add('Mul', ['imaginary', 'imaginary'], 'imaginarySquared');
	add('Add', ['realSquared', 'imaginarySquared'], 'power');
	add('Sqrt', ['power'], 'magnitude');
	add('Reshape', ['magnitude', integers('rowPerWindow', -1, FRAMES_PER_WINDOW * SPECTRUM_BINS)], 'layer0');

	let positions = FRAMES_PER_WINDOW;
	for (const [index, stride] of ([1, 2, 2, 1] as const).entries()) {
		const name = `encoder.${index as 0 | 1 | 2 | 3}.reparam_conv` as const;
		const bias = weights[`${name}.bias`];
		const dense = denseConvolution(weights[`${name}.weight`], bias, positions, stride);
		const {inputs, outputs} = dense;
		const weight = floats(`weight${index}`, [inputs, outputs], dense.weight);
		add('Gemm', [`layer${index}`, weight, floats(`bias${index}`, [outputs], dense.bias)], `product${index}`);
		add('Relu', [`product${index}`], `layer${index + 1}`);
		positions = outputs / bias.length;
	}

	add('Reshape', ['layer4', integers('sequence', -1, 1, STATE_SIZE)], 'steps');
	const recurrence = [
		floats('inputWeight', [1, 4 * STATE_SIZE, STATE_SIZE], reorderGates(weights['decoder.rnn.weight_ih'])),
		floats('hiddenWeight', [1, 4 * STATE_SIZE, STATE_SIZE], reorderGates(weights['decoder.rnn.weight_hh'])),
		floats(
			'recurrentBias',
			[1, 8 * STATE_SIZE],
			Float32Array.of(
				...reorderGates(weights['decoder.rnn.bias_ih']),
				...reorderGates(weights['decoder.rnn.bias_hh']),
			),
		),
	];
	add(
		'LSTM',
		['steps', ...recurrence, '', 'hidden', 'cell'],
		['states', 'nextHidden', 'nextCell'],
		[integerAttribute('hidden_size', STATE_SIZE)],
	);
	add('Reshape', ['states', integers('stateRows', -1, STATE_SIZE)], 'stateRow');
	add('Relu', ['stateRow'], 'evidence');
	const outputWeight = floats('outputWeight', [STATE_SIZE, 1], weights['decoder.decoder.2.weight']);
	const outputBias = floats('outputBias', [1], weights['decoder.decoder.2.bias']);
	add('Gemm', ['evidence', outputWeight, outputBias], 'score');
	add('Sigmoid', ['score'], 'probabilities');

	return encodeModel({
		irVersion: IR_VERSION,
		producerName: 'infinisst',
		opsetImport: [{domain: '', version: OPERATOR_SET}],
		graph: {
			name: 'silero_block',
			node: nodes,
			initializer,
			input: [
				floatValue('frames', ['frames', SILERO_FRAME_SAMPLES]),
				floatValue('hidden', [1, 1, STATE_SIZE]),
				floatValue('cell', [1, 1, STATE_SIZE]),
			],
			output: [
				floatValue('probabilities', ['windows', 1]),
				floatValue('nextHidden', [1, 1, STATE_SIZE]),
				floatValue('nextCell', [1, 1, STATE_SIZE]),
			],
		},
	});
}

/**
 * A convolution of kernel 3 and padding 1 over a fixed number of positions as a matrix
 * [positions x inputs, outputPositions x outputs].
 */
function denseConvolution(
	kernel: Float32Array,
	bias: Float32Array,
	positions: number,
	stride: number,
): {weight: Float32Array; bias: Float32Array; inputs: number; outputs: number} {
	const outputChannels = bias.length;
	const inputChannels = kernel.length / outputChannels / 3;
	const outputPositions = Math.ceil(positions / stride);
	const inputs = positions * inputChannels;
	const outputs = outputPositions * outputChannels;
	const weight = new Float32Array(inputs * outputs);
	const biases = new Float32Array(outputs);
	for (let outputPosition = 0; outputPosition < outputPositions; outputPosition++) {
		biases.set(bias, outputPosition * outputChannels);
		for (let tap = 0; tap < 3; tap++) {
			const position = outputPosition * stride + tap - 1;
			if (position < 0 || position >= positions) continue;
			for (let input = 0; input < inputChannels; input++) {
				const row = (position * inputChannels + input) * outputs + outputPosition * outputChannels;
				for (let output = 0; output < outputChannels; output++)
					weight[row + output] = kernel[(output * inputChannels + input) * 3 + tap]!;
			}
		}
	}
	return {weight, bias: biases, inputs, outputs};
}

/** PyTorch orders the gates input, forget, cell, output; ONNX input, output, forget, cell. */
function reorderGates(values: Float32Array): Float32Array {
	const gate = values.length / 4;
	const reordered = new Float32Array(values.length);
	for (const [target, source] of [0, 3, 1, 2].entries())
		reordered.set(values.subarray(source * gate, (source + 1) * gate), target * gate);
	return reordered;
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
	const transposed = new Float32Array(values.length);
	for (let row = 0; row < rows; row++) {
		for (let column = 0; column < columns; column++)
			transposed[column * rows + row] = values[row * columns + column]!;
	}
	return transposed;
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function integerAttribute(name: string, i: number): AttributeMessage {
	return {name, type: 2, i};
}

function floatValue(name: string, shape: readonly (number | string)[]): ValueInfoMessage {
	const dim = shape.map(size => (typeof size === 'number' ? {dimValue: size} : {dimParam: size}));
	return {name, type: {tensorType: {elemType: ELEMENT_TYPES.float32, shape: {dim}}}};
}
