import type {InferenceSession, Tensor} from 'onnxruntime-node';
import {InfinisstError} from '../errors.js';

/** Where graphs are run. `auto` takes the processor: it is the only one every build of onnxruntime has. */
export const DEVICES = ['auto', 'cpu', 'cuda', 'webgpu'] as const;

export type Device = (typeof DEVICES)[number];

export interface OnnxSessionOptions {
	/** Threads that share one operator. @default 1 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** An input as a graph declares it. */
export interface GraphInput {
	readonly name: string;
	/** As onnxruntime names it: `float32`. */
	readonly type: string;
	/** A name stands for a size that is known only at run time. */
	readonly shape: readonly (number | string)[];
}

/** A loaded graph. Runs may be asked for at any time; each blocks the thread, after the event loop had its turn. */
export interface OnnxSession {
	readonly inputs: readonly GraphInput[];
	/**
	 * @param outputs - which results to bring back, all if absent; or each by its name with a tensor to write it to, null
	 * for a new one.
	 */
	run(
		inputs: Tensors,
		outputs?: readonly string[] | Readonly<Record<string, Tensor | null>>,
	): Promise<Tensors>;
	/** Float32 tensor over `values`, which are read in place: they may not change while a run uses them. */
	floats(values: Float32Array, shape: readonly number[]): Tensor;
	/** Int8 tensor over `values`, read in place. */
	bytes(values: Int8Array, shape: readonly number[]): Tensor;
	/** Uint8 tensor over `values`, read in place. */
	unsignedBytes(values: Uint8Array, shape: readonly number[]): Tensor;
	booleans(values: readonly boolean[], shape: readonly number[]): Tensor;
	/** Int64 tensor of whole numbers. */
	integers(values: readonly number[], shape: readonly number[]): Tensor;
	/** Waits for running calls, then frees the graph. Idempotent. */
	close(): Promise<void>;
}

/**
 * Loads a graph. The runtime itself is loaded at the first call, so that nothing native is until then.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the file cannot be loaded; `DEVICE_UNAVAILABLE` if this
 * machine's onnxruntime has no such device.
 */
export async function openOnnxSession(
	model: string | Uint8Array,
	{threads = 1, device = 'auto'}: OnnxSessionOptions = {},
): Promise<OnnxSession> {
	const {InferenceSession, Tensor, listSupportedBackends} = await import('onnxruntime-node');
	const provider = device === 'auto' ? 'cpu' : device;
	const providers = listSupportedBackends().map(({name}) => name);
	if (!providers.includes(provider)) {
		throw new InfinisstError('DEVICE_UNAVAILABLE', `onnxruntime has no "${device}" on this machine`, {
			hint: `Use --device ${providers.join(' or --device ')}.`,
		});
	}
	const options: InferenceSession.SessionOptions = {
		executionProviders: [provider],
		intraOpNumThreads: threads,
		interOpNumThreads: 1,
		graphOptimizationLevel: 'all',
		logSeverityLevel: 3,
		// Waiting threads would otherwise burn a core between the many small operators of a decoder step.
		extra: {session: {intra_op: {allow_spinning: '0'}}},
	};
	let session: InferenceSession;
	try {
		session = await (typeof model === 'string'
			? InferenceSession.create(model, options)
			: InferenceSession.create(model, options));
	} catch (cause) {
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`onnxruntime cannot load ${typeof model === 'string' ? model : 'a graph'}`,
			{
				cause,
				hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
			},
		);
	}
	const running = new Set<Promise<unknown>>();
	let closing: Promise<void> | undefined;
	return {
		inputs: session.inputMetadata
			.filter(input => input.isTensor)
			.map(({name, type, shape}) => ({name, type, shape})),
		run: async (inputs, outputs) => {
			if (closing !== undefined) {
				throw new InfinisstError('RESOURCE_CLOSED', 'The graph was used after it was closed');
			}
			const run = outputs === undefined ? session.run(inputs) : session.run(inputs, outputs);
			running.add(run);
			try {
				return await run;
			} finally {
				running.delete(run);
			}
		},
		floats: (values, shape) => new Tensor('float32', values, shape),
		bytes: (values, shape) => new Tensor('int8', values, shape),
		unsignedBytes: (values, shape) => new Tensor('uint8', values, shape),
		booleans: (values, shape) => new Tensor('bool', Uint8Array.from(values, Number), shape),
		integers: (values, shape) => new Tensor('int64', BigInt64Array.from(values, BigInt), shape),
		close: () =>
			(closing ??= (async () => {
				await Promise.allSettled(running);
				await session.release();
			})()),
	};
}
