import {InfinisstError} from '../errors.js';
import {concatBytes, type ByteSource} from './byte-source.js';

/** An index of 64 MB describes months of audio. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
/** What may be kept in memory of a stream whose index comes last. */
const MAX_HELD_BYTES = 512 * 1024 * 1024;

export interface Mp4Bytes {
	/** The file as if its index stood before its samples; undefined at the end. */
	readonly read: () => Promise<Uint8Array | undefined>;
	/** Of the sound track. */
	readonly durationMs: number | undefined;
}

interface BoxHead {
	readonly type: string;
	readonly headBytes: number;
	/** With the head; undefined for "to the end of the file". */
	readonly bytes: number | undefined;
}

/**
 * Reads an MP4 or QuickTime file so that its index (`moov`) comes before the samples, which telephones and
 * most programs write first: a decoder then needs no memory for the file. The index is moved to the front
 * and its offsets are corrected. A file is read out of order for it; a stream must be held in memory.
 *
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` when there is no index, when it promises more than there is, or when a
 * stream is too long to hold.
 */
export async function openMp4(source: ByteSource): Promise<Mp4Bytes> {
	const before: Uint8Array[] = [];
	let heldBytes = 0;
	for (;;) {
		const head = parseBoxHead(await source.peek(16));
		if (head?.bytes === undefined && head?.type !== 'mdat') throw missingIndex(source.name);
		if (head.type === 'moov') {
			const index = await source.take(checkIndexBytes(head, source.name));
			assertTables(index, source);
			return heldBytes > 0 && before.some(part => startsWithSamples(part))
				? inFront(index, before, source)
				: {read: sequence([...before, index], source), durationMs: readDuration(index)};
		}
		if (head.type === 'mdat' && source.file !== undefined) {
			const index = await findIndex(source, source.file.readAt);
			assertTables(index, source);
			const patched = moveOffsets(index, index.length);
			return {read: sequence([...before, patched], source), durationMs: readDuration(index)};
		}
		heldBytes += head.bytes ?? Infinity;
		if (heldBytes > MAX_HELD_BYTES) {
			throw new InfinisstError(
				'AUDIO_UNDECODABLE',
				`The MP4 stream "${source.name}" has its index at the end and is too long to hold`,
				{
					hint: 'Give the file itself instead of a pipe, or write it with the index in front (ffmpeg -movflags +faststart).',
				},
			);
		}
		const box = await source.take(head.bytes!);
		if (box.length < head.bytes!) throw missingIndex(source.name);
		before.push(box);
	}
}

/** A stream held in memory: what came before the samples stays before the index. */
function inFront(index: Uint8Array, before: Uint8Array[], source: ByteSource): Mp4Bytes {
	const samplesAt = before.findIndex(part => startsWithSamples(part));
	const parts = [...before.slice(0, samplesAt), moveOffsets(index, index.length), ...before.slice(samplesAt)];
	return {read: sequence(parts, source), durationMs: readDuration(index)};
}

function sequence(parts: Uint8Array[], source: ByteSource): () => Promise<Uint8Array | undefined> {
	return async () => parts.shift() ?? (await source.read());
}

/** Passes over the boxes from the source's position on, without reading what is in them. */
async function findIndex(
	source: ByteSource,
	readAt: (offsetBytes: number, byteCount: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
	let offset = source.positionBytes;
	for (;;) {
		const head = parseBoxHead(await readAt(offset, 16));
		if (head?.bytes === undefined) throw missingIndex(source.name);
		if (head.type === 'moov') {
			const index = await readAt(offset, checkIndexBytes(head, source.name));
			if (index.length < head.bytes) throw missingIndex(source.name);
			return index;
		}
		offset += head.bytes;
	}
}

function checkIndexBytes(head: BoxHead, name: string): number {
	if (head.bytes === undefined || head.bytes > MAX_INDEX_BYTES) throw missingIndex(name);
	return head.bytes;
}

function startsWithSamples(box: Uint8Array): boolean {
	return parseBoxHead(box)?.type === 'mdat';
}

function parseBoxHead(bytes: Uint8Array): BoxHead | undefined {
	if (bytes.length < 8) return undefined;
	const view = viewOf(bytes);
	const type = String.fromCharCode(...bytes.subarray(4, 8));
	const short = view.getUint32(0);
	if (short === 0) return {type, headBytes: 8, bytes: undefined};
	if (short > 1) return short < 8 ? undefined : {type, headBytes: 8, bytes: short};
	return bytes.length < 16 ? undefined : {type, headBytes: 16, bytes: Number(view.getBigUint64(8))};
}

/** Boxes that hold boxes, on the way to the tables. */
const PARENTS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

function visitBoxes(bytes: Uint8Array, visit: (type: string, body: Uint8Array) => void): void {
	for (let offset = 0; offset + 8 <= bytes.length;) {
		const head = parseBoxHead(bytes.subarray(offset));
		if (head === undefined) return;
		const box = bytes.subarray(offset, offset + (head.bytes ?? bytes.length));
		const body = box.subarray(head.headBytes);
		visit(head.type, body);
		if (PARENTS.has(head.type)) visitBoxes(body, visit);
		offset += box.length;
	}
}

/**
 * Decoders go through the samples that the tables promise, one by one: a few bytes can promise four thousand million.
 *
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` when they promise more than the file or the table can hold.
 */
function assertTables(index: Uint8Array, {file, name}: ByteSource): void {
	let samples = 0;
	visitBoxes(index, (type, body) => {
		if (type !== 'stsz' || body.length < 12) return;
		const view = viewOf(body);
		const [sampleBytes, count] = [view.getUint32(4), view.getUint32(8)];
		const most = sampleBytes === 0 ? (body.length - 12) / 4 : (file?.sizeBytes ?? Infinity) / sampleBytes;
		if (count > most) throw dishonestIndex(name);
		samples = Math.max(samples, count);
	});
	visitBoxes(index, (type, body) => {
		if (type !== 'stts') return;
		const view = viewOf(body);
		let timed = 0;
		for (let at = 8; at + 8 <= body.length; at += 8) timed += view.getUint32(at);
		if (timed > samples) throw dishonestIndex(name);
	});
}

/** A copy of the index whose sample offsets point `shiftBytes` further. */
function moveOffsets(index: Uint8Array, shiftBytes: number): Uint8Array {
	const copy = concatBytes([index]);
	visitBoxes(copy, (type, body) => {
		const view = viewOf(body);
		if (type === 'stco') {
			for (let at = 8; at + 4 <= body.length; at += 4) view.setUint32(at, view.getUint32(at) + shiftBytes);
		} else if (type === 'co64') {
			for (let at = 8; at + 8 <= body.length; at += 8)
				view.setBigUint64(at, view.getBigUint64(at) + BigInt(shiftBytes));
		}
	});
	return copy;
}

/** Length of the first sound track: units of its media header. */
function readDuration(index: Uint8Array): number | undefined {
	let durationMs: number | undefined;
	let candidateMs: number | undefined;
	visitBoxes(index, (type, body) => {
		if (type === 'mdhd' && body.length >= 24) {
			const view = viewOf(body);
			const isLong = body[0] === 1;
			const unitsPerSecond = view.getUint32(isLong ? 20 : 12);
			const units = isLong && body.length >= 32 ? Number(view.getBigUint64(24)) : view.getUint32(16);
			// All ones stand for "unknown".
			candidateMs = units > 0 && units < 0xffff_ffff ? (units * 1000) / unitsPerSecond : undefined;
		} else if (type === 'hdlr' && String.fromCharCode(...body.subarray(8, 12)) === 'soun') {
			durationMs ??= candidateMs;
		}
	});
	return durationMs;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function dishonestIndex(name: string): InfinisstError {
	return new InfinisstError('AUDIO_UNDECODABLE', `The index of "${name}" promises more than the file holds`, {
		hint: 'Fetch the file again, or repair it with a tool for broken MP4 files.',
	});
}

function missingIndex(name: string): InfinisstError {
	return new InfinisstError(
		'AUDIO_UNDECODABLE',
		`"${name}" has no index: the recording or the transfer was cut off`,
		{
			hint: 'Fetch the file again, or repair it with a tool for broken MP4 files.',
		},
	);
}
