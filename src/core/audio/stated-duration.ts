import type {ByteSource} from './byte-source.js';
import {SNIFF_BYTES, parseMpegFrame} from './container.js';
import {readOggLength} from './ogg-pages.js';

/** Opus counts positions at 48 kHz whatever the input was (RFC 7845). */
const OPUS_RATE_HZ = 48_000;

/** Milliseconds of an Ogg Vorbis or Opus file, from its first and last page. */
export async function statedOggDuration(
	source: ByteSource,
	codec: 'vorbis' | 'opus',
): Promise<number | undefined> {
	const length = await readOggLength(source);
	const head = await source.peek(SNIFF_BYTES);
	const packetOffset = 27 + (head[26] ?? 0);
	if (length === undefined || head.length < packetOffset + 19) return undefined;
	const view = viewOf(head);
	const rateHz = codec === 'opus' ? OPUS_RATE_HZ : view.getUint32(packetOffset + 12, true);
	const preSkip = codec === 'opus' ? view.getUint16(packetOffset + 10, true) : 0;
	return rateHz > 0 && length > preSkip ? ((length - preSkip) * 1000) / rateHz : undefined;
}

/** Milliseconds of an MP3 stream whose first frame is a Xing or Info frame; nothing else states a length. */
export async function statedMp3Duration(source: ByteSource): Promise<number | undefined> {
	const head = await source.peek(SNIFF_BYTES);
	const frame = parseMpegFrame(head, 0);
	if (frame?.layer !== 3) return undefined;
	const offset = 4 + (frame.isVersion1 ? (frame.isMono ? 17 : 32) : frame.isMono ? 9 : 17);
	const tag = String.fromCharCode(...head.subarray(offset, offset + 4));
	const view = viewOf(head);
	if (
		(tag !== 'Xing' && tag !== 'Info') ||
		head.length < offset + 180 ||
		(view.getUint32(offset + 4) & 1) === 0
	) {
		return undefined;
	}
	const frames = view.getUint32(offset + 8);
	// LAME adds what the encoder put before and behind the sound, 12 bits each.
	const trim = (head[offset + 141]! << 16) | (head[offset + 142]! << 8) | head[offset + 143]!;
	const isLame = String.fromCharCode(...head.subarray(offset + 120, offset + 122)).startsWith('L');
	const samples = frames * frame.samples - (isLame ? (trim >> 12) + (trim & 0xfff) : 0);
	return samples > 0 ? (samples * 1000) / frame.sampleRateHz : undefined;
}

/** Ids of Matroska elements (RFC 9559). */
const ELEMENT = {
	ebml: 0x1a_45_df_a3,
	segment: 0x18_53_80_67,
	info: 0x15_49_a9_66,
	scale: 0x2a_d7_b1,
	duration: 0x44_89,
};

/** Milliseconds of a Matroska or WebM file, if its info element stands near the start and states them. */
export async function statedMatroskaDuration(source: ByteSource): Promise<number | undefined> {
	const head = await source.peek(SNIFF_BYTES);
	const view = viewOf(head);
	let nanosecondsPerUnit = 1_000_000;
	let units: number | undefined;
	for (let offset = 0; offset + 12 < head.length;) {
		const id = readVariable(head, offset, false);
		const size = id && readVariable(head, offset + id.bytes, true);
		if (!id || !size) break;
		const body = offset + id.bytes + size.bytes;
		if (body + size.value > head.length && id.value !== ELEMENT.segment) break;
		if (id.value === ELEMENT.scale) {
			nanosecondsPerUnit = head.subarray(body, body + size.value).reduce((sum, byte) => sum * 256 + byte, 0);
		} else if (id.value === ELEMENT.duration) {
			units = size.value === 8 ? view.getFloat64(body) : view.getFloat32(body);
		}
		// Only these two hold what we look for.
		offset = id.value === ELEMENT.segment || id.value === ELEMENT.info ? body : body + size.value;
	}
	const milliseconds = ((units ?? 0) * nanosecondsPerUnit) / 1e6;
	return milliseconds > 0 && Number.isFinite(milliseconds) ? milliseconds : undefined;
}

/** A number whose leading zeros tell its length; ids keep the mark of it, sizes do not. */
function readVariable(
	bytes: Uint8Array,
	offset: number,
	isSize: boolean,
): {value: number; bytes: number} | undefined {
	const first = bytes[offset] ?? 0;
	const length = Math.clz32(first) - 23;
	if (length > 8 || offset + length > bytes.length) return undefined;
	let value = isSize ? first & (0xff >> length) : first;
	for (let index = 1; index < length; index++) value = value * 256 + bytes[offset + index]!;
	return {value, bytes: length};
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
