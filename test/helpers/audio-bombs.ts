/** Recordings that are small and hold very much. */

/** CRC of an Ogg page (RFC 3533): polynomial 0x04c11db7, nothing reflected, begun with 0. */
const OGG_CRC = Uint32Array.from({length: 256}, (_, byte) => {
	let value = byte << 24;
	for (let bit = 0; bit < 8; bit++) value = value & 0x8000_0000 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
	return value >>> 0;
});

function makeOggPage(packets: readonly Uint8Array[], position: bigint, sequence: number, flags = 0): Buffer {
	const head = Buffer.alloc(27);
	head.write('OggS', 'latin1');
	head[5] = flags;
	head.writeBigInt64LE(position, 6);
	head.writeUInt32LE(1, 14);
	head.writeUInt32LE(sequence, 18);
	head[26] = packets.length;
	const page = Buffer.concat([head, Uint8Array.from(packets, ({length}) => length), ...packets]);
	let crc = 0;
	for (const byte of page) crc = ((crc << 8) ^ OGG_CRC[((crc >>> 24) ^ byte) & 0xff]!) >>> 0;
	page.writeUInt32LE(crc, 22);
	return page;
}

/** Two frames of 60 ms for which nothing is sent (RFC 6716, 3.2.5). */
const SILENT_PACKET = Uint8Array.of(0x1b, 0x02);
const SAMPLES_PER_PACKET = 5760;
const PACKETS_PER_PAGE = 255;

/** Silence as Ogg Opus, 26 bytes a second. @param statesLength - whether its last page says how long it is. */
export function makeOpusBomb(hours: number, {statesLength = true} = {}): Buffer {
	const head = Buffer.alloc(19);
	head.write('OpusHead', 'latin1');
	head[8] = 1;
	head[9] = 2;
	head.writeUInt32LE(48_000, 12);
	const tags = Buffer.alloc(16);
	tags.write('OpusTags', 'latin1');
	const pages = [makeOggPage([head], 0n, 0, 2), makeOggPage([tags], 0n, 1)];
	const packets = Array.from({length: PACKETS_PER_PAGE}, () => SILENT_PACKET);
	const count = Math.ceil((hours * 3600 * 48_000) / SAMPLES_PER_PACKET / PACKETS_PER_PAGE);
	for (let page = 1; page <= count; page++) {
		const position = statesLength ? BigInt(page * PACKETS_PER_PAGE * SAMPLES_PER_PACKET) : 0n;
		pages.push(makeOggPage(packets, position, page + 1));
	}
	return Buffer.concat(pages);
}

/** Silence as MP3, 1000 bytes a second: frames of 8 kbit/s, MPEG 2 at 16 kHz, that hold nothing. */
export function makeMp3Bomb(hours: number): Buffer {
	const frame = Buffer.alloc(36);
	frame.set([0xff, 0xf3, 0x18, 0xc4]);
	return Buffer.concat(Array.from({length: Math.ceil((hours * 3600 * 16_000) / 576)}, () => frame));
}

/** FLAC that says it is silent for so long, and then ends. */
export function makeLyingFlac(hours: number): Buffer {
	const info = Buffer.alloc(34);
	info.writeUInt16BE(65_535, 0);
	info.writeUInt16BE(65_535, 2);
	const bits = (16_000n << 44n) | (0n << 41n) | (15n << 36n) | BigInt(hours * 3600 * 16_000);
	info.writeBigUInt64BE(bits, 10);
	return Buffer.concat([Buffer.from('fLaC'), Uint8Array.of(0x80, 0, 0, 34), info, Buffer.alloc(64)]);
}

/** WAV whose header promises four gigabytes, and that holds half a second. */
export function makeLyingWav(): Buffer {
	const header = Buffer.alloc(44);
	header.write('RIFF', 0, 'latin1');
	header.writeUInt32LE(0xffff_fff0, 4);
	header.write('WAVEfmt ', 8, 'latin1');
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20);
	header.writeUInt16LE(1, 22);
	header.writeUInt32LE(16_000, 24);
	header.writeUInt32LE(32_000, 28);
	header.writeUInt16LE(2, 32);
	header.writeUInt16LE(16, 34);
	header.write('data', 36, 'latin1');
	header.writeUInt32LE(0xffff_ff00, 40);
	return Buffer.concat([header, Buffer.alloc(16_000)]);
}

/** M4A whose index promises four thousand million samples in a few bytes. */
export function makeLyingM4a(): Buffer {
	const box = (type: string, ...parts: readonly Uint8Array[]): Buffer => {
		const body = Buffer.concat(parts);
		const head = Buffer.alloc(8);
		head.writeUInt32BE(body.length + 8, 0);
		head.write(type, 4, 'latin1');
		return Buffer.concat([head, body]);
	};
	const numbers = (...values: readonly number[]): Buffer => {
		const bytes = Buffer.alloc(values.length * 4);
		for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
		return bytes;
	};
	const audioEntry = Buffer.alloc(28);
	audioEntry.writeUInt16BE(1, 6);
	audioEntry.writeUInt16BE(1, 16);
	audioEntry.writeUInt16BE(16, 18);
	audioEntry.writeUInt32BE(16_000 * 65_536, 24);
	const handler = Buffer.concat([numbers(0, 0), Buffer.from('soun'), Buffer.alloc(13)]);
	// Object type 2 (AAC LC), 16 kHz, one channel.
	const esds = Buffer.concat([
		numbers(0),
		Uint8Array.of(0x03, 0x19, 0, 1, 0, 0x04, 0x11, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		Uint8Array.of(0x05, 0x02, 0x14, 0x08, 0x06, 0x01, 0x02),
	]);
	const most = 0xffff_ffff;
	const tables = box(
		'stbl',
		box('stsd', numbers(0, 1), box('mp4a', audioEntry, box('esds', esds))),
		box('stts', numbers(0, 1, most, 1024)),
		box('stsc', numbers(0, 1, 1, most, 1)),
		box('stsz', numbers(0, 1, most)),
		box('stco', numbers(0, 1, 64)),
	);
	const media = box(
		'mdia',
		box('mdhd', numbers(0, 0, 0, 16_000, most, 0)),
		box('hdlr', handler),
		box('minf', box('smhd', numbers(0, 0)), tables),
	);
	const index = box(
		'moov',
		box('mvhd', Buffer.alloc(100)),
		box('trak', box('tkhd', Buffer.alloc(84)), media),
	);
	return Buffer.concat([box('ftyp', Buffer.from('M4A \0\0\0\0M4A ')), index, box('mdat', Buffer.alloc(64))]);
}
