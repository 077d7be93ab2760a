import {parentPort, Worker, type ResourceLimits, type Transferable} from 'node:worker_threads';
import {InfinisstError} from '../errors.js';
import {builtModule} from './built-module.js';
import {fromFault, toFault, type Fault} from './fault.js';

/** What goes to a thread. */
type Request =
	| {readonly type: 'call'; readonly id: number; readonly method: string; readonly argument: unknown}
	| {readonly type: 'abort'; readonly id: number}
	| {readonly type: 'close'};

/** What comes back. */
type Response =
	| {readonly type: 'result'; readonly id: number; readonly value: unknown}
	| {readonly type: 'fault'; readonly id: number; readonly fault: Fault}
	/** All calls are done: the thread may be ended. */
	| {readonly type: 'closed'};

export interface CallOptions {
	/** Fires to give up the call; the promise rejects with `signal.reason` at once. */
	readonly signal?: AbortSignal | undefined;
	/** Buffers that move to the thread instead of being copied. */
	readonly transfer?: readonly Transferable[];
}

/** A thread that answers calls. */
export interface ThreadHandle {
	/**
	 * @throws {InfinisstError} what the thread threw, with its code; `INTERNAL_FAULT` if the thread died;
	 * `RESOURCE_CLOSED` after `close()`.
	 */
	call(method: string, argument: unknown, options?: CallOptions): Promise<unknown>;
	/**
	 * Gives up the calls under way, which are rejected at once, and ends the thread when it has noticed. Idempotent.
	 */
	close(): Promise<void>;
}

/** A result with buffers that move to the caller instead of being copied. */
export class Transferred {
	readonly value: unknown;
	readonly transfer: readonly Transferable[];

	constructor(value: unknown, transfer: readonly Transferable[]) {
		this.value = value;
		this.transfer = transfer;
	}
}

interface Waiting {
	readonly resolve: (value: unknown) => void;
	readonly reject: (reason: unknown) => void;
}

/**
 * Starts a thread whose module calls {@link answerCalls}. Its calls are answered once that has happened.
 *
 * @param module - of the thread, as seen from the caller: `import.meta.resolve('./x-thread.js')`.
 */
export function startThread(
	module: string,
	workerData: unknown,
	resourceLimits: ResourceLimits = {},
): ThreadHandle {
	const worker = new Worker(builtModule(module), {workerData, resourceLimits});
	const waiting = new Map<number, Waiting>();
	let count = 0;
	let end: InfinisstError | undefined;
	let closing: Promise<void> | undefined;
	let idle!: () => void;
	const isIdle = new Promise<void>(resolve => (idle = resolve));

	const finish = (reason: InfinisstError): void => {
		end ??= reason;
		for (const {reject} of waiting.values()) reject(end);
		waiting.clear();
	};
	worker.on('message', (response: Response) => {
		if (response.type === 'closed') {
			idle();
			return;
		}
		const call = waiting.get(response.id);
		waiting.delete(response.id);
		if (response.type === 'result') call?.resolve(response.value);
		else call?.reject(fromFault(response.fault));
	});
	worker.on('error', cause => {
		finish(
			new InfinisstError(
				'INTERNAL_FAULT',
				`A thread failed: ${cause instanceof Error ? cause.message : ''}`,
				{cause},
			),
		);
	});
	worker.on('exit', exitCode => {
		idle();
		finish(new InfinisstError('INTERNAL_FAULT', `A thread ended by itself, with exit code ${exitCode}`));
	});

	return {
		call: (method, argument, {signal, transfer = []} = {}) =>
			new Promise((resolve, reject) => {
				signal?.throwIfAborted();
				if (end !== undefined) throw end;
				const id = count++;
				const abort = (): void => {
					waiting.delete(id);
					worker.postMessage({type: 'abort', id} satisfies Request);
					reject(signal!.reason as Error);
				};
				const settle =
					<Value>(action: (value: Value) => void) =>
					(value: Value): void => {
						signal?.removeEventListener('abort', abort);
						action(value);
					};
				worker.postMessage({type: 'call', id, method, argument} satisfies Request, transfer);
				waiting.set(id, {resolve: settle(resolve), reject: settle(reject)});
				signal?.addEventListener('abort', abort, {once: true});
			}),
		close: () =>
			(closing ??= (async () => {
				finish(new InfinisstError('RESOURCE_CLOSED', 'The thread was closed'));
				worker.postMessage({type: 'close'} satisfies Request);
				// A thread that is ended inside native code takes the whole process with it.
				await isIdle;
				await worker.terminate();
			})()),
	};
}

/**
 * Answers calls in a thread. Calls may overlap; a result may be a {@link Transferred}.
 *
 * @param handlers - by method; they must settle soon after their signal has fired.
 */
export function answerCalls(
	handlers: Readonly<Record<string, (argument: never, signal: AbortSignal) => Promise<unknown>>>,
): void {
	const port = parentPort!;
	const running = new Map<number, AbortController>();
	const answers = new Set<Promise<void>>();
	const answer = async (id: number, method: string, argument: unknown): Promise<void> => {
		const controller = new AbortController();
		running.set(id, controller);
		try {
			const result = await handlers[method]!(argument as never, controller.signal);
			const {value, transfer} = result instanceof Transferred ? result : new Transferred(result, []);
			if (!controller.signal.aborted)
				port.postMessage({type: 'result', id, value} satisfies Response, transfer);
		} catch (error) {
			if (!controller.signal.aborted)
				port.postMessage({type: 'fault', id, fault: toFault(error)} satisfies Response);
		} finally {
			running.delete(id);
		}
	};
	const close = async (): Promise<void> => {
		for (const controller of running.values()) controller.abort();
		await Promise.all(answers);
		port.postMessage({type: 'closed'} satisfies Response);
	};
	port.on('message', (request: Request) => {
		switch (request.type) {
			case 'abort':
				running.get(request.id)?.abort();
				break;
			case 'close':
				void close();
				break;
			case 'call': {
				const answering = answer(request.id, request.method, request.argument);
				answers.add(answering);
				void answering.then(() => answers.delete(answering));
			}
		}
	});
}
