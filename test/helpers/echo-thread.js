/** A thread for the tests of calls into threads: it echoes, fails, waits and dies as it is told. */
import {once} from 'node:events';
import {setImmediate} from 'node:timers';
import {workerData} from 'node:worker_threads';
import {InfinisstError} from '../../dist/core/errors.js';
import {answerCalls, Transferred} from '../../dist/core/util/thread-call.js';

let aborted = 0;

answerCalls({
	echo: argument => Promise.resolve(argument),
	workerData: () => Promise.resolve(workerData),
	/** Doubles in place, and hands the buffer over. */
	double: values => {
		for (const index of values.keys()) values[index] *= 2;
		return Promise.resolve(new Transferred({values}, [values.buffer]));
	},
	fail: ({code, message, hint}) => Promise.reject(new InfinisstError(code, message, {hint})),
	throwError: message => Promise.reject(new TypeError(message)),
	throwText: message => Promise.reject(message),
	returnFunction: () => Promise.resolve(() => undefined),
	/** Waits until it is given up. */
	wait: async (_argument, signal) => {
		await once(signal, 'abort');
		aborted++;
		throw signal.reason;
	},
	/** Blocks its thread, as native code does, and cannot be given up. */
	block: milliseconds => {
		const counter = workerData.counter;
		Atomics.wait(counter, 1, 0, milliseconds);
		Atomics.add(counter, 0, 1);
		return Promise.resolve();
	},
	countAborted: () => Promise.resolve(aborted),
	exit: () => process.exit(3),
	crash: () => {
		setImmediate(() => {
			throw new RangeError('out of everything');
		});
		return new Promise(() => undefined);
	},
});
