import {describe, expect, it} from 'vitest';
import {InfinisstError} from '../../../../../src/core/errors.js';
import {PcmInput} from '../../../../../src/server/openai/realtime/pcm-input.js';
import {catchError} from '../../../../helpers/catch-error.js';

/** A tone as 16-bit samples at 24 kHz. */
function tone(samples: number): Buffer {
	const bytes = Buffer.alloc(samples * 2);
	for (let index = 0; index < samples; index++) {
		bytes.writeInt16LE(Math.round(16_384 * Math.sin((2 * Math.PI * 440 * index) / 24_000)), index * 2);
	}
	return bytes;
}

describe('PcmInput', () => {
	it('makes 16 kHz of 24 kHz, the same however it is cut', () => {
		const bytes = tone(24_000);
		const whole = new PcmInput('audio/pcm');
		const {durationMs, samples} = whole.push(bytes.toString('base64'));
		expect(durationMs).toBe(1000);
		const expected = [...samples, ...whole.flush()];
		expect(expected).toHaveLength(16_000);
		const middle = 4000;
		expect(expected[middle]).toBeCloseTo(0.5 * Math.sin((2 * Math.PI * 440 * middle) / 16_000), 3);

		const pieces = new PcmInput('audio/pcm');
		const output: number[] = [];
		for (let start = 0; start < bytes.length; start += 1234) {
			output.push(...pieces.push(bytes.subarray(start, start + 1234).toString('base64')).samples);
		}
		output.push(...pieces.flush());
		expect(output).toEqual(expected);
	});

	it('goes on after a flush, and has nothing to flush before', () => {
		const input = new PcmInput('audio/pcm');
		expect(input.flush()).toHaveLength(0);
		for (let turn = 0; turn < 2; turn++) {
			const {samples} = input.push(tone(2400).toString('base64'));
			expect(samples.length + input.flush().length).toBe(1600);
		}
	});

	it('knows the formats of telephones', () => {
		// Both laws write silence with all bits of the amplitude at rest.
		const {durationMs, samples} = new PcmInput('audio/pcmu').push(Buffer.alloc(800, 0xff).toString('base64'));
		expect(durationMs).toBe(100);
		expect(Math.max(...samples.map(Math.abs))).toBeLessThan(1e-3);
		const loud = new PcmInput('audio/pcma').push(Buffer.alloc(800, 0xaa).toString('base64'));
		expect(Math.max(...loud.samples)).toBeGreaterThan(0.5);
	});

	it.each([
		['what is not base64', 'not base64!', 'not base64'],
		['half a sample', Buffer.alloc(3).toString('base64'), 'no whole samples'],
	])('refuses %s', (_title, audio, message) => {
		const error = catchError(() => new PcmInput('audio/pcm').push(audio));
		expect(InfinisstError.is(error, 'OPTION_INVALID')).toBe(true);
		expect((error as Error).message).toContain(message);
	});
});
