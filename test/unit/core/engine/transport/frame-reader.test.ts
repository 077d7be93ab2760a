import {describe, expect, it} from 'vitest';

import {frameHeader, FrameReader} from '../../../../../src/core/engine/transport/frame-reader.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {catchError} from '../../../../helpers/catch-error.js';

function readAll(reader: FrameReader): Buffer[] {
	const frames: Buffer[] = [];
	for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(Buffer.from(frame));
	return frames;
}

describe('FrameReader', () => {
	it('finds the same frames however the bytes are cut', () => {
		const random = createRandom(7);
		for (let round = 0; round < 40; round++) {
			const frames = Array.from({length: 8}, () =>
				Buffer.from(Array.from({length: Math.floor(random() * 300)}, () => random() * 256)),
			);
			const bytes = Buffer.concat(frames.flatMap(frame => [frameHeader(frame.length), frame]));
			const reader = new FrameReader(300);
			const found: Buffer[] = [];
			for (let start = 0; start < bytes.length;) {
				const end = start + 1 + Math.floor(random() * (round + 1));
				reader.append(bytes.subarray(start, end));
				found.push(...readAll(reader));
				start = end;
			}
			expect(found).toEqual(frames);
		}
	});

	it('refuses a frame that is too large before it has come', () => {
		const reader = new FrameReader(10);
		reader.append(frameHeader(11));
		const error = catchError(() => reader.next());
		expect(error).toMatchObject({
			code: 'PEER_REFUSED',
			message: 'A peer announced a frame of 11 bytes, and 10 are the most',
		});
	});
});
