import {concatBytes, type ByteSource} from './byte-source.js';

const PAGE_HEAD_BYTES = 27;

/**
 * The packets of the first stream in an Ogg file as one run of bytes, without the page heads (RFC 3533).
 * Enough for codecs whose packets say themselves where they end. Damaged stretches are passed over.
 *
 * @param skipBytes - left out at the start.
 */
export function readOggPayload(source: ByteSource, skipBytes: number): () => Promise<Uint8Array | undefined> {
	let serial: number | undefined;
	let left = skipBytes;
	return async () => {
		for (;;) {
			const page = await readPage(source);
			if (page === undefined) return undefined;
			serial ??= page.serial;
			if (page.serial !== serial) continue;
			const skipped = Math.min(left, page.payload.length);
			left -= skipped;
			if (page.payload.length > skipped) return page.payload.subarray(skipped);
		}
	};
}

async function readPage(source: ByteSource): Promise<{serial: number; payload: Uint8Array} | undefined> {
	for (;;) {
		const head = await source.peek(PAGE_HEAD_BYTES);
		if (head.length < PAGE_HEAD_BYTES) return undefined;
		if (isPageMark(head, 0)) break;
		const next = head.indexOf(0x4f, 1);
		await source.skip(next < 0 ? head.length : next);
	}
	const head = await source.take(PAGE_HEAD_BYTES);
	const lengths = await source.take(head[26]!);
	const payload = await source.take(lengths.reduce((sum, length) => sum + length, 0));
	return {serial: viewOf(head).getUint32(14, true), payload};
}

/**
 * Length of a Vorbis, Opus or FLAC stream in samples: the position its last page states. Undefined where
 * the end cannot be read.
 */
export async function readOggLength(source: ByteSource): Promise<number | undefined> {
	if (source.file === undefined) return undefined;
	const {sizeBytes, readAt} = source.file;
	// A page has at most 65 307 bytes, so the last one begins in here.
	const tailBytes = Math.min(sizeBytes, 65_536 * 2);
	const tail = concatBytes([await readAt(sizeBytes - tailBytes, tailBytes)]);
	for (let offset = tail.length - PAGE_HEAD_BYTES; offset >= 0; offset--) {
		if (!isPageMark(tail, offset)) continue;
		const position = viewOf(tail).getBigInt64(offset + 6, true);
		// -1: no packet ends on this page.
		if (position >= 0n) return Number(position);
	}
	return undefined;
}

function isPageMark(bytes: Uint8Array, offset: number): boolean {
	return (
		bytes[offset] === 0x4f &&
		bytes[offset + 1] === 0x67 &&
		bytes[offset + 2] === 0x67 &&
		bytes[offset + 3] === 0x53 &&
		bytes[offset + 4] === 0
	);
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
