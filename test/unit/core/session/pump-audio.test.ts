import {describe, expect, it} from 'vitest';

import {pumpAudio} from '../../../../src/core/session/pump-audio.js';
import {createDeferred} from '../../../../src/core/util/deferred.js';

function createSession(write: (samples: Float32Array) => Promise<void> = () => Promise.resolve()) {
	const calls: (number | 'end')[] = [];
	return {
		calls,
		write(samples: Float32Array) {
			calls.push(samples.length);
			return write(samples);
		},
		end: () => void calls.push('end'),
	};
}

function blocks(...lengths: number[]): ReadableStream<Float32Array> {
	return new ReadableStream({
		pull(controller) {
			const length = lengths.shift();
			if (length === undefined) controller.close();
			else controller.enqueue(new Float32Array(length));
		},
	});
}

const never = new AbortController().signal;

describe('pumpAudio', () => {
	it('writes the audio to its end and then ends the session', async () => {
		const session = createSession();
		const heard: number[] = [];
		await pumpAudio(blocks(3, 1, 2), session, {
			stop: never,
			onBlock: samples => void heard.push(samples.length),
		});
		expect(session.calls).toEqual([3, 1, 2, 'end']);
		expect(heard).toEqual([3, 1, 2]);
	});

	it('reads no more than one block ahead of a session that has no room', async () => {
		const room = createDeferred();
		let pulls = 0;
		const samples = new ReadableStream<Float32Array>(
			{
				pull(controller) {
					pulls++;
					controller.enqueue(new Float32Array(1));
				},
			},
			{highWaterMark: 0},
		);
		const stop = new AbortController();
		const pumping = pumpAudio(
			samples,
			createSession(() => room.promise),
			{stop: stop.signal},
		);
		await new Promise(resolve => setImmediate(resolve));
		expect(pulls).toBe(1);
		stop.abort();
		room.resolve();
		await pumping;
	});

	it('ends the session when it is stopped while nobody speaks, and lets go of the audio', async () => {
		const stop = new AbortController();
		let cancelledWith: unknown;
		const silence = new ReadableStream<Float32Array>({cancel: reason => void (cancelledWith = reason)});
		const session = createSession();
		const pumping = pumpAudio(silence, session, {stop: stop.signal});
		stop.abort('enough');
		await pumping;
		expect(session.calls).toEqual(['end']);
		expect(cancelledWith).toBe('enough');
	});

	it('ends the session before it throws when the audio fails', async () => {
		const session = createSession();
		const samples = new ReadableStream<Float32Array>({
			start: controller => controller.error(new Error('unplugged')),
		});
		await expect(pumpAudio(samples, session, {stop: never})).rejects.toThrow('unplugged');
		expect(session.calls).toEqual(['end']);
	});

	it('lets go of the audio when the session fails', async () => {
		let isCancelled = false;
		const samples = new ReadableStream<Float32Array>({
			pull: controller => controller.enqueue(new Float32Array(1)),
			cancel: () => void (isCancelled = true),
		});
		const session = createSession(() => Promise.reject(new Error('gone')));
		await expect(pumpAudio(samples, session, {stop: never})).rejects.toThrow('gone');
		expect(isCancelled).toBe(true);
	});
});
