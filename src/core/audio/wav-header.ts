import {InfinisstError} from '../errors.js';
import type {ByteSource} from './byte-source.js';
import type {PcmEncoding} from './pcm.js';

/** How the samples of a WAV file are written. `other` names a codec tag we leave to someone else. */
export type WavCodec =
	| {readonly kind: 'pcm'; readonly encoding: PcmEncoding}
	| {
			readonly kind: 'ima-adpcm' | 'ms-adpcm';
			readonly framesPerBlock: number;
			readonly coefficients: readonly number[];
	  }
	| {readonly kind: 'other'; readonly formatTag: number};

export interface WavHeader {
	readonly codec: WavCodec;
	readonly sampleRateHz: number;
	readonly channels: number;
	/** Bytes of one frame (PCM) or of one block (ADPCM). */
	readonly blockBytes: number;
	/** Length of the samples as the header states it; undefined for the placeholders of streamed files. */
	readonly dataBytes: number | undefined;
}

/** Tags of mmreg.h. */
const FORMAT = {
	pcm: 1,
	msAdpcm: 2,
	float: 3,
	aLaw: 6,
	muLaw: 7,
	imaAdpcm: 0x11,
	extensible: 0xff_fe,
} as const;

/** A header may hold a cover picture, but not more than this before the samples. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;

/**
 * Reads the chunks of a RIFF, RF64 or BW64 file up to the first sample.
 *
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` when no usable `fmt ` and `data` chunk comes.
 */
export async function readWavHeader(source: ByteSource): Promise<WavHeader> {
	await source.skip(12);
	let format: Omit<WavHeader, 'dataBytes'> | undefined;
	let longDataBytes: number | undefined;
	while (source.positionBytes < MAX_HEADER_BYTES) {
		const head = await source.take(8);
		if (head.length < 8) break;
		const id = readId(head, 0);
		const sizeBytes = viewOf(head).getUint32(4, true);
		if (id === 'data') {
			if (format === undefined) throw broken(source.name, 'has no "fmt " chunk before its samples');
			return {...format, dataBytes: await resolveDataBytes(source, sizeBytes, longDataBytes)};
		}
		if (id === 'fmt ') format = parseFormat(await source.take(Math.min(sizeBytes, 4096)), source.name);
		else if (id === 'ds64') longDataBytes = parseLongDataBytes(await source.take(Math.min(sizeBytes, 4096)));
		else await source.skip(sizeBytes);
		if (sizeBytes % 2 === 1) await skipPadding(source);
	}
	throw broken(source.name, 'ends before its samples begin');
}

/** Whether a chunk of a RIFF file begins at `offset`: four letters, digits or spaces. */
export function looksLikeChunk(bytes: Uint8Array, offset = 0): boolean {
	return bytes.length >= offset + 8 && /^[A-Za-z0-9_][A-Za-z0-9_ ]{3}$/.test(readId(bytes, offset));
}

/** Chunks begin at even offsets, but not every program writes the byte between. */
async function skipPadding(source: ByteSource): Promise<void> {
	const next = await source.peek(9);
	if (next[0] === 0 || !looksLikeChunk(next)) await source.skip(1);
}

async function resolveDataBytes(
	source: ByteSource,
	statedBytes: number,
	longDataBytes: number | undefined,
): Promise<number | undefined> {
	// A program that writes to a pipe cannot come back to fill in the length: it leaves 0, or the largest number.
	if (statedBytes === 0) return looksLikeChunk(await source.peek(8)) ? 0 : undefined;
	if (statedBytes === 0xffff_ffff) return longDataBytes === 0 ? undefined : longDataBytes;
	return statedBytes >= 0x7fff_0000 && source.file === undefined ? undefined : statedBytes;
}

function parseFormat(bytes: Uint8Array, name: string): Omit<WavHeader, 'dataBytes'> {
	if (bytes.length < 14) throw broken(name, 'has a "fmt " chunk that is too short');
	const view = viewOf(bytes);
	const sampleRateHz = view.getUint32(4, true);
	const channels = view.getUint16(2, true);
	const bitsPerSample = bytes.length >= 16 ? view.getUint16(14, true) : 8;
	let formatTag = view.getUint16(0, true);
	if (formatTag === FORMAT.extensible && bytes.length >= 26) formatTag = view.getUint16(24, true);
	if (channels === 0 || channels > 256) throw broken(name, `states ${channels} channels`);
	if (sampleRateHz < 100 || sampleRateHz > 1_000_000)
		throw broken(name, `states a sample rate of ${sampleRateHz} Hz`);
	const stated = view.getUint16(12, true);
	if (formatTag === FORMAT.imaAdpcm || formatTag === FORMAT.msAdpcm) {
		return {codec: parseAdpcm(bytes, formatTag, channels, name), sampleRateHz, channels, blockBytes: stated};
	}
	// A container of 3 or 4 bytes may hold fewer valid bits; they are the upper ones, so its width decides.
	const usual = Math.ceil(bitsPerSample / 8);
	const width =
		stated % channels === 0 && stated / channels >= usual && stated / channels <= 8
			? stated / channels
			: usual;
	const encoding = pcmEncoding(formatTag, width);
	return {
		codec: encoding === undefined ? {kind: 'other', formatTag} : {kind: 'pcm', encoding},
		sampleRateHz,
		channels,
		blockBytes: width * channels,
	};
}

function pcmEncoding(formatTag: number, width: number): PcmEncoding | undefined {
	switch (formatTag) {
		case FORMAT.pcm:
			return ([undefined, 'u8', 's16le', 's24le', 's32le'] as const)[width];
		case FORMAT.float:
			return width === 4 ? 'f32le' : width === 8 ? 'f64le' : undefined;
		case FORMAT.aLaw:
			return width === 1 ? 'alaw' : undefined;
		case FORMAT.muLaw:
			return width === 1 ? 'mulaw' : undefined;
		default:
			return undefined;
	}
}

/** IMA and Microsoft ADPCM keep the frames of a block, and Microsoft's its predictors, behind the common part. */
function parseAdpcm(bytes: Uint8Array, formatTag: number, channels: number, name: string): WavCodec {
	const view = viewOf(bytes);
	const blockBytes = view.getUint16(12, true);
	const isIma = formatTag === FORMAT.imaAdpcm;
	const headBytes = (isIma ? 4 : 7) * channels;
	if (blockBytes <= headBytes || channels > 8 || view.getUint16(14, true) !== 4) {
		throw broken(name, 'has an ADPCM header that makes no sense');
	}
	// What fits into a block says the same as the header's count, and cannot lie.
	const framesPerBlock = (isIma ? 1 : 2) + Math.floor(((blockBytes - headBytes) * 2) / channels);
	const coefficients: number[] = [];
	for (let offset = 22; !isIma && offset + 2 <= bytes.length; offset += 2)
		coefficients.push(view.getInt16(offset, true));
	return {kind: isIma ? 'ima-adpcm' : 'ms-adpcm', framesPerBlock, coefficients};
}

function parseLongDataBytes(bytes: Uint8Array): number | undefined {
	return bytes.length >= 16 ? Number(viewOf(bytes).getBigUint64(8, true)) : undefined;
}

function readId(bytes: Uint8Array, offset: number): string {
	return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(name: string, what: string): InfinisstError {
	return new InfinisstError('AUDIO_UNDECODABLE', `The WAV file "${name}" ${what}`, {
		hint: 'Record or export it again.',
	});
}
