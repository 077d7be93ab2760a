import {EventEmitter} from 'node:events';
import {describe, expect, it, vi} from 'vitest';

import {listenForStop} from '../../../src/cli/listen-for-stop.js';
import {RunStop} from '../../../src/cli/run-stop.js';

function createHost() {
	return Object.assign(new EventEmitter(), {
		pid: 4711,
		stdout: new EventEmitter(),
		stderr: new EventEmitter(),
		kill: vi.fn(),
	});
}

describe('listenForStop', () => {
	it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('asks the run to end at %s, with 130', name => {
		const host = createHost();
		const signal = listenForStop(host);
		expect(signal.aborted).toBe(false);
		host.emit(name);
		expect(signal.reason).toMatchObject({exitCode: 130});
		expect(host.kill).not.toHaveBeenCalled();
	});

	it('leaves the second Ctrl-C to the system, which ends the process at once', () => {
		const host = createHost();
		const beforeEnd = vi.fn(() => expect(host.kill).not.toHaveBeenCalled());
		let nowMs = 0;
		listenForStop(host, beforeEnd, {nowMs: () => nowMs});
		host.emit('SIGINT');
		expect(beforeEnd).not.toHaveBeenCalled();
		nowMs = 250;
		host.emit('SIGINT');
		expect(beforeEnd).toHaveBeenCalledOnce();
		expect(host.kill).toHaveBeenCalledExactlyOnceWith(4711, 'SIGINT');
		expect(host.listenerCount('SIGINT')).toBe(0);
	});

	it('takes a signal that is passed on to it, and that it had already, for one request', () => {
		const host = createHost();
		let nowMs = 0;
		const signal = listenForStop(host, undefined, {nowMs: () => nowMs});
		host.emit('SIGTERM');
		nowMs = 249;
		host.emit('SIGTERM');
		expect(signal.aborted).toBe(true);
		expect(host.kill).not.toHaveBeenCalled();
	});

	it('ends at once at Ctrl-C where the run ends already because nobody reads the results', () => {
		const host = createHost();
		const signal = listenForStop(host, undefined, {nowMs: () => 0});
		host.stdout.emit('error', Object.assign(new Error('write EPIPE'), {code: 'EPIPE'}));
		host.emit('SIGINT');
		expect(signal.reason).toMatchObject({exitCode: 0});
		expect(host.kill).toHaveBeenCalledOnce();
	});

	it('ends the run quietly when the reader of the results has gone', () => {
		const host = createHost();
		const signal = listenForStop(host);
		host.stdout.emit('error', Object.assign(new Error('write EPIPE'), {code: 'EPIPE'}));
		expect(signal.reason).toBeInstanceOf(RunStop);
		expect(signal.reason).toMatchObject({exitCode: 0});
	});

	it('ends the run with a fault when the results cannot be written', () => {
		const host = createHost();
		const signal = listenForStop(host);
		host.stdout.emit('error', Object.assign(new Error('no space left'), {code: 'ENOSPC'}));
		expect(signal.reason).toMatchObject({code: 'OUTPUT_UNWRITABLE'});
	});

	it('goes on when nobody reads the progress', () => {
		const host = createHost();
		const signal = listenForStop(host);
		host.stderr.emit('error', new Error('write EPIPE'));
		expect(signal.aborted).toBe(false);
	});
});
