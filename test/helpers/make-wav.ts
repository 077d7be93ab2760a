export interface WavParts {
	/** @default 1, PCM */
	readonly formatTag?: number;
	/** @default 1 */
	readonly channels?: number;
	/** @default 16000 */
	readonly sampleRateHz?: number;
	readonly bitsPerSample: number;
	/** @default from channels and bits */
	readonly blockBytes?: number;
	/** What follows the common part of the format chunk. */
	readonly formatExtra?: Uint8Array;
	readonly data: Uint8Array;
	/** What the header says instead of the length. */
	readonly statedDataBytes?: number;
	/** Put between the format and the data chunk. */
	readonly chunksBetween?: Uint8Array;
	readonly chunksAfter?: Uint8Array;
	/** @default RIFF */
	readonly form?: 'RIFF' | 'RF64' | 'BW64';
}

/** The bytes of a WAV file, right or wrong as asked. */
export function makeWav(parts: WavParts): Buffer {
	const {formatTag = 1, channels = 1, sampleRateHz = 16_000, bitsPerSample, data} = parts;
	const blockBytes = parts.blockBytes ?? channels * Math.ceil(bitsPerSample / 8);
	const format = Buffer.alloc(16);
	format.writeUInt16LE(formatTag, 0);
	format.writeUInt16LE(channels, 2);
	format.writeUInt32LE(sampleRateHz, 4);
	format.writeUInt32LE(sampleRateHz * blockBytes, 8);
	format.writeUInt16LE(blockBytes, 12);
	format.writeUInt16LE(bitsPerSample, 14);
	const body = Buffer.concat([
		Buffer.from('WAVE'),
		makeChunk('fmt ', Buffer.concat([format, parts.formatExtra ?? Buffer.alloc(0)])),
		parts.chunksBetween ?? Buffer.alloc(0),
		makeChunk('data', data, parts.statedDataBytes),
		parts.chunksAfter ?? Buffer.alloc(0),
	]);
	return Buffer.concat([makeChunk(parts.form ?? 'RIFF', body)]);
}

/** A chunk with its padding byte. */
export function makeChunk(id: string, body: Uint8Array, statedBytes = body.length): Buffer {
	const head = Buffer.alloc(8);
	head.write(id, 'latin1');
	head.writeUInt32LE(statedBytes, 4);
	return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}
