import {describe, expect, it} from 'vitest';
import {
	decodeModel,
	encodeModel,
	type ModelMessage,
} from '../../../../../src/core/models/graph/onnx-messages.js';

describe('encodeModel() and decodeModel()', () => {
	const model: ModelMessage = {
		irVersion: 9,
		producerName: 'infinisst',
		opsetImport: [
			{domain: '', version: 20},
			{domain: 'com.microsoft', version: 1},
		],
		graph: {
			name: 'g',
			node: [
				{
					opType: 'Conv',
					name: 'conv',
					input: ['x', '', 'bias'],
					output: ['y'],
					domain: '',
					attribute: [
						{name: 'strides', type: 7, ints: [1, 2], floats: []},
						{name: 'axis', type: 2, i: -1, ints: [], floats: []},
						{name: 'epsilon', type: 1, f: 0.5, ints: [], floats: []},
						{name: 'mode', type: 3, s: new TextEncoder().encode('tanh'), ints: [], floats: []},
					],
				},
			],
			initializer: [
				{
					name: 'bias',
					dims: [2],
					dataType: 1,
					rawData: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 192),
					floatData: [],
					int32Data: [],
					int64Data: [],
					externalData: [],
				},
				{
					name: 'table',
					// More than 32 bits.
					dims: [5_000_000_000],
					dataType: 10,
					dataLocation: 1,
					externalData: [{key: 'offset', value: '4096'}],
					floatData: [],
					int32Data: [],
					int64Data: [],
				},
			],
			input: [
				{
					name: 'x',
					type: {tensorType: {elemType: 1, shape: {dim: [{dimValue: 1}, {dimParam: 'frames'}]}}},
				},
			],
			output: [],
		},
	};

	it('give back what was encoded', () => {
		const decoded = decodeModel(encodeModel(model));
		// Bytes come back as a Buffer where Node has one.
		const plain = JSON.parse(JSON.stringify(decoded, bytesToList)) as unknown;
		expect(plain).toEqual(JSON.parse(JSON.stringify(model, bytesToList)));
	});

	it('skip fields they do not know', () => {
		// Field 6, doc_string, a string of 2 bytes, which the schema leaves out.
		const withDocumentation = Buffer.concat([encodeModel(model), Buffer.of((6 << 3) | 2, 2, 0x68, 0x69)]);
		expect(decodeModel(withDocumentation)).toEqual(decodeModel(encodeModel(model)));
	});

	it('refuse bytes that are no model', () => {
		expect(() => decodeModel(encodeModel(model).subarray(0, -3))).toThrow();
	});
});

function bytesToList(_key: string, value: unknown): unknown {
	if (value instanceof Uint8Array) return [...value];
	const buffer = value as {type?: unknown; data?: unknown} | null;
	return buffer?.type === 'Buffer' ? buffer.data : value;
}
