/** Containers and streams that are told apart by their first bytes. */
export type Container =
	| 'wav'
	| 'flac'
	| 'ogg-vorbis'
	| 'ogg-opus'
	| 'ogg-flac'
	| 'mp3'
	| 'aac'
	| 'mp4'
	| 'webm'
	| 'amr'
	/** Known, and left to ffmpeg. */
	| 'foreign';

export interface Identity {
	readonly container: Container;
	/** For people: "Ogg Opus". */
	readonly name: string;
	/** What ffmpeg calls the demuxer. Named, so that it cannot take the bytes for a playlist or a script. */
	readonly demuxer: string;
}

/** Enough for every signature, for two frames of an MP3 stream, and for the first page of an Ogg stream. */
export const SNIFF_BYTES = 4096;

/** A signature at a fixed offset; letters stand for themselves, `?` for any byte. */
interface Signature extends Identity {
	readonly magic: string;
	readonly offset?: number;
}

const SIGNATURES: readonly Signature[] = [
	{magic: 'RIFF????WAVE', container: 'wav', name: 'WAV', demuxer: 'wav'},
	{magic: 'RF64????WAVE', container: 'wav', name: 'RF64', demuxer: 'wav'},
	{magic: 'BW64????WAVE', container: 'wav', name: 'BW64', demuxer: 'wav'},
	{magic: 'fLaC', container: 'flac', name: 'FLAC', demuxer: 'flac'},
	{magic: 'ftyp', offset: 4, container: 'mp4', name: 'MP4', demuxer: 'mov'},
	{magic: 'moov', offset: 4, container: 'mp4', name: 'QuickTime', demuxer: 'mov'},
	{magic: 'mdat', offset: 4, container: 'mp4', name: 'QuickTime', demuxer: 'mov'},
	{magic: 'wide', offset: 4, container: 'mp4', name: 'QuickTime', demuxer: 'mov'},
	{magic: '\x1aE\xdf\xa3', container: 'webm', name: 'Matroska', demuxer: 'matroska'},
	{magic: '#!AMR', container: 'amr', name: 'AMR', demuxer: 'amr'},
	{magic: 'riff\x2e\x91\xcf\x11', container: 'foreign', name: 'Wave64', demuxer: 'w64'},
	{magic: 'FORM????AIFF', container: 'foreign', name: 'AIFF', demuxer: 'aiff'},
	{magic: 'FORM????AIFC', container: 'foreign', name: 'AIFF-C', demuxer: 'aiff'},
	{magic: 'FORM????8SVX', container: 'foreign', name: '8SVX', demuxer: 'iff'},
	{magic: 'caff', container: 'foreign', name: 'CAF', demuxer: 'caf'},
	{magic: '.snd', container: 'foreign', name: 'AU', demuxer: 'au'},
	{magic: 'RIFF????AVI ', container: 'foreign', name: 'AVI', demuxer: 'avi'},
	{magic: '\x30\x26\xb2\x75\x8e\x66\xcf\x11', container: 'foreign', name: 'ASF (WMA, WMV)', demuxer: 'asf'},
	{magic: 'FLV\x01', container: 'foreign', name: 'Flash video', demuxer: 'flv'},
	{magic: '\x00\x00\x01\xba', container: 'foreign', name: 'MPEG program stream', demuxer: 'mpeg'},
	{magic: '.RMF', container: 'foreign', name: 'RealMedia', demuxer: 'rm'},
	{magic: '\x06\x0e\x2b\x34', container: 'foreign', name: 'MXF', demuxer: 'mxf'},
	{magic: 'wvpk', container: 'foreign', name: 'WavPack', demuxer: 'wv'},
	{magic: 'MAC ', container: 'foreign', name: "Monkey's Audio", demuxer: 'ape'},
	{magic: 'TTA1', container: 'foreign', name: 'True Audio', demuxer: 'tta'},
	{magic: 'MPCK', container: 'foreign', name: 'Musepack', demuxer: 'mpc8'},
	{magic: 'MP+', container: 'foreign', name: 'Musepack', demuxer: 'mpc'},
	{magic: 'DSD ', container: 'foreign', name: 'DSF', demuxer: 'dsf'},
	{magic: 'NIST_1A', container: 'foreign', name: 'NIST SPHERE', demuxer: 'nistsphere'},
	{magic: 'Creative Voice File', container: 'foreign', name: 'VOC', demuxer: 'voc'},
	{magic: 'ajkg', container: 'foreign', name: 'Shorten', demuxer: 'shn'},
	{magic: '\x0b\x77', container: 'foreign', name: 'AC-3', demuxer: 'ac3'},
	{magic: '\x7f\xfe\x80\x01', container: 'foreign', name: 'DTS', demuxer: 'dts'},
];

/** What the first packet of an Ogg stream says. */
const OGG_CODECS: readonly Signature[] = [
	{magic: '\x01vorbis', container: 'ogg-vorbis', name: 'Ogg Vorbis', demuxer: 'ogg'},
	{magic: 'OpusHead', container: 'ogg-opus', name: 'Ogg Opus', demuxer: 'ogg'},
	{magic: '\x7fFLAC', container: 'ogg-flac', name: 'Ogg FLAC', demuxer: 'ogg'},
];

/**
 * Tells from the first {@link SNIFF_BYTES} bytes what they are; undefined if they are nothing we know. An
 * ID3 tag must have been passed over. Neither the extension nor a guess counts: headerless samples are
 * never taken for something else.
 */
export function identifyContainer(head: Uint8Array): Identity | undefined {
	const found = SIGNATURES.find(({magic, offset = 0}) => matches(head, offset, magic));
	if (found !== undefined) return found;
	if (matches(head, 0, 'OggS')) {
		// A page head of 27 bytes and the table of its segments, then the first packet.
		const packetOffset = 27 + (head[26] ?? 0);
		return (
			OGG_CODECS.find(({magic}) => matches(head, packetOffset, magic)) ?? {
				container: 'foreign',
				name: 'Ogg',
				demuxer: 'ogg',
			}
		);
	}
	// A transport stream repeats its mark every 188 bytes.
	if ([0, 188, 376].every(offset => head[offset] === 0x47)) {
		return {container: 'foreign', name: 'MPEG transport stream', demuxer: 'mpegts'};
	}
	return identifyFrames(head);
}

/** Bytes of the ID3v2 tag at the start, or 0. */
export function id3TagBytes(head: Uint8Array): number {
	if (!matches(head, 0, 'ID3') || head.length < 10) return 0;
	const [, , , , , flags, ...size] = head.subarray(0, 10) as unknown as number[];
	if (size.some(byte => byte >= 0x80)) return 0;
	const body = size.reduce((sum, byte) => sum * 128 + byte, 0);
	return 10 + body + (flags! & 0x10 ? 10 : 0);
}

function matches(bytes: Uint8Array, offset: number, magic: string): boolean {
	if (bytes.length < offset + magic.length) return false;
	for (let index = 0; index < magic.length; index++) {
		const wanted = magic[index];
		if (wanted !== '?' && wanted!.charCodeAt(0) !== bytes[offset + index]) return false;
	}
	return true;
}

/**
 * MPEG audio and ADTS have no header, only a mark of 11 or 12 bits in every frame, which noise holds too:
 * only two frames in a row that agree count. A cut file or padding may put them a little later.
 */
function identifyFrames(head: Uint8Array): Identity | undefined {
	for (let offset = 0; offset + 7 <= head.length; offset++) {
		if (head[offset] !== 0xff) continue;
		const mp3Bytes = mpegFrameBytes(head, offset);
		if (mp3Bytes > 0 && followedBy(head, offset, mp3Bytes, mpegFrameBytes, 0xfe_0c)) {
			return {container: 'mp3', name: 'MP3', demuxer: 'mp3'};
		}
		const aacBytes = adtsFrameBytes(head, offset);
		if (aacBytes > 0 && followedBy(head, offset, aacBytes, adtsFrameBytes, 0xff_fc)) {
			return {container: 'aac', name: 'AAC (ADTS)', demuxer: 'aac'};
		}
	}
	return undefined;
}

/** Three frames in a row, or as many as fit, whose constant bits (a mask of bytes 1 and 2) are the same. */
function followedBy(
	head: Uint8Array,
	offset: number,
	firstBytes: number,
	frameBytes: (bytes: Uint8Array, offset: number) => number,
	mask: number,
): boolean {
	const constantBits = (at: number): number => ((head[at + 1]! << 8) | head[at + 2]!) & mask;
	let next = offset + firstBytes;
	let frames = 1;
	while (frames < 3 && next + 7 <= head.length) {
		const bytes = frameBytes(head, next);
		if (bytes === 0 || constantBits(next) !== constantBits(offset)) return false;
		frames++;
		next += bytes;
	}
	// One frame alone is a file only if it starts there and ends there.
	return frames > 1 || (offset === 0 && next === head.length);
}

/** Kilobits per second by version and layer (ISO/IEC 11172-3, 13818-3), index 1 to 14. */
const BIT_RATES: Readonly<Record<string, readonly number[]>> = {
	'1-1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
	'1-2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
	'1-3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
	'2-1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
	'2-2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
	'2-3': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const SAMPLE_RATES_HZ = [44_100, 48_000, 32_000];

export interface MpegFrame {
	readonly bytes: number;
	readonly samples: number;
	readonly sampleRateHz: number;
	readonly isMono: boolean;
	readonly isVersion1: boolean;
	readonly layer: number;
}

/** The MPEG audio frame whose header stands at `offset`, or undefined. */
export function parseMpegFrame(bytes: Uint8Array, offset: number): MpegFrame | undefined {
	if (offset + 4 > bytes.length || bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xe0) !== 0xe0)
		return undefined;
	const version = (bytes[offset + 1]! >> 3) & 3;
	const layer = 4 - ((bytes[offset + 1]! >> 1) & 3);
	const isVersion1 = version === 3;
	const bitRate = BIT_RATES[`${isVersion1 ? 1 : 2}-${layer}`]?.[(bytes[offset + 2]! >> 4) - 1];
	const baseRateHz = SAMPLE_RATES_HZ[(bytes[offset + 2]! >> 2) & 3];
	if (version === 1 || bitRate === undefined || baseRateHz === undefined) return undefined;
	const sampleRateHz = baseRateHz / (version === 3 ? 1 : version === 2 ? 2 : 4);
	const padding = (bytes[offset + 2]! >> 1) & 1;
	const samples = layer === 1 ? 384 : layer === 2 || isVersion1 ? 1152 : 576;
	const slotBytes = layer === 1 ? 4 : 1;
	return {
		bytes: (Math.floor((samples * bitRate * 125) / (sampleRateHz * slotBytes)) + padding) * slotBytes,
		samples,
		sampleRateHz,
		isMono: bytes[offset + 3]! >> 6 === 3,
		isVersion1,
		layer,
	};
}

function mpegFrameBytes(bytes: Uint8Array, offset: number): number {
	return parseMpegFrame(bytes, offset)?.bytes ?? 0;
}

function adtsFrameBytes(bytes: Uint8Array, offset: number): number {
	if (bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xf6) !== 0xf0 || ((bytes[offset + 2]! >> 2) & 15) > 12)
		return 0;
	const length = ((bytes[offset + 3]! & 3) << 11) | (bytes[offset + 4]! << 3) | (bytes[offset + 5]! >> 5);
	return length >= 7 ? length : 0;
}
