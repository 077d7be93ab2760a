import {Readable} from 'node:stream';
import type {AudioInput} from '../../src/core/audio/audio-source.js';

/** Bytes as an input that can be read once, cut into pieces of the given lengths in turn. */
export function streamInput(bytes: Uint8Array, pieceBytes: readonly number[] = [bytes.length]): AudioInput {
	return {kind: 'stream', stream: Readable.from(cut(bytes, pieceBytes), {objectMode: false}), name: 'test'};
}

function* cut(bytes: Uint8Array, pieceBytes: readonly number[]): Generator<Uint8Array> {
	let offset = 0;
	for (let index = 0; offset < bytes.length; index++) {
		const end = offset + Math.max(1, pieceBytes[index % pieceBytes.length]!);
		yield bytes.subarray(offset, end);
		offset = end;
	}
}

/** Numbers that look random and are the same in every run (mulberry32). */
export function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let value = Math.imul(state ^ (state >>> 15), 1 | state);
		value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
		return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
	};
}
