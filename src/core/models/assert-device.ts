import {execFile} from 'node:child_process';
import {createRequire} from 'node:module';
import {promisify} from 'node:util';

import {InfinisstError} from '../errors.js';
import {ELEMENT_TYPES, encodeModel} from './graph/onnx-messages.js';
import type {Device} from './onnx-session.js';

/** A driver that has not answered by then hangs. */
const PROBE_TIMEOUT_MS = 30_000;

/** Runs in a process of its own: arguments are onnxruntime's path, a graph in base64, and the provider. */
const probe = `
	const {InferenceSession, Tensor} = require(process.argv[1]);
	InferenceSession.create(Buffer.from(process.argv[2], 'base64'), {executionProviders: [process.argv[3]]})
		.then(session => session.run({input: new Tensor('float32', [1], [1])}))
		.then(() => process.exit(0), () => process.exit(1));
`;

/**
 * Makes sure that a device can be used, by using it. A list would not do: onnxruntime names devices whose
 * drivers are missing. In another process, because drivers that fail write to the terminal or end the process.
 *
 * @throws {InfinisstError} `DEVICE_UNAVAILABLE`.
 */
export async function assertDevice(device: Device, signal?: AbortSignal): Promise<void> {
	const provider = device === 'auto' ? 'cpu' : device;
	const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
	const graph = Buffer.from(encodeIdentityGraph()).toString('base64');
	try {
		await promisify(execFile)(process.execPath, ['-e', probe, runtime, graph, provider], {
			timeout: PROBE_TIMEOUT_MS,
			signal,
		});
	} catch (cause) {
		signal?.throwIfAborted();
		throw new InfinisstError('DEVICE_UNAVAILABLE', `The device "${device}" cannot be used on this machine`, {
			hint: 'Use --device cpu, or leave --device out.',
			cause,
		});
	}
}

function encodeIdentityGraph(): Uint8Array {
	const shape = {dim: [{dimValue: 1}]};
	const type = {tensorType: {elemType: ELEMENT_TYPES.float32, shape}};
	return encodeModel({
		irVersion: 8,
		producerName: 'infinisst',
		opsetImport: [{domain: '', version: 17}],
		graph: {
			name: 'identity',
			node: [{opType: 'Identity', input: ['input'], output: ['output'], attribute: []}],
			initializer: [],
			input: [{name: 'input', type}],
			output: [{name: 'output', type}],
		},
	});
}
