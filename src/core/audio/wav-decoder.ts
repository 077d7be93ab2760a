import {decodeImaBlock, decodeMsBlock} from './adpcm.js';
import type {AudioBlock, AudioDecoder, DecoderContext} from './audio-decoder.js';
import {describeChannels} from './audio-decoder.js';
import type {RawFormat} from './audio-source.js';
import type {ByteSource} from './byte-source.js';
import {bytesPerSample, decodePcm, nameOfEncoding} from './pcm.js';
import {looksLikeChunk, type WavHeader} from './wav-header.js';

type DecodeUnits = (bytes: Uint8Array) => Float32Array[];

interface SampleLayout {
	readonly description: string;
	readonly sampleRateHz: number;
	/** Smallest number of bytes that can be decoded alone. */
	readonly unitBytes: number;
	readonly framesPerUnit: number;
	/** Length the header promises; undefined reads to the end. */
	readonly dataBytes: number | undefined;
	readonly decode: DecodeUnits;
}

/** Decodes the samples behind a WAV header that has been read. The codec must be PCM or ADPCM. */
export function createWavDecoder(
	source: ByteSource,
	header: WavHeader,
	context: DecoderContext,
): AudioDecoder {
	const {codec, channels, sampleRateHz, blockBytes, dataBytes} = header;
	const describe = (name: string): string =>
		`WAV, ${name}, ${sampleRateHz} Hz, ${describeChannels(channels)}`;
	const common = {sampleRateHz, unitBytes: blockBytes, dataBytes};
	switch (codec.kind) {
		case 'pcm':
			return createLayoutDecoder(source, context, {
				...common,
				description: describe(nameOfEncoding(codec.encoding)),
				framesPerUnit: 1,
				decode: bytes => decodePcm(bytes, codec.encoding, channels),
			});
		case 'ima-adpcm':
			return createLayoutDecoder(source, context, {
				...common,
				description: describe('IMA ADPCM'),
				framesPerUnit: codec.framesPerBlock,
				decode: perBlock(blockBytes, block => decodeImaBlock(block, channels)),
			});
		case 'ms-adpcm':
			return createLayoutDecoder(source, context, {
				...common,
				description: describe('Microsoft ADPCM'),
				framesPerUnit: codec.framesPerBlock,
				decode: perBlock(blockBytes, block => decodeMsBlock(block, channels, codec.coefficients)),
			});
		case 'other':
			throw new TypeError('Not a codec of this decoder');
	}
}

/** Decodes samples without any header. */
export function createRawDecoder(
	source: ByteSource,
	format: RawFormat,
	context: DecoderContext,
): AudioDecoder {
	const {encoding, sampleRateHz, channels} = format;
	return createLayoutDecoder(source, context, {
		description: `raw ${nameOfEncoding(encoding)}, ${sampleRateHz} Hz, ${describeChannels(channels)}`,
		sampleRateHz,
		unitBytes: bytesPerSample(encoding) * channels,
		framesPerUnit: 1,
		dataBytes: undefined,
		decode: bytes => decodePcm(bytes, encoding, channels),
	});
}

function createLayoutDecoder(source: ByteSource, {warn}: DecoderContext, layout: SampleLayout): AudioDecoder {
	const {unitBytes, framesPerUnit, sampleRateHz, decode} = layout;
	const millisecondsOf = (bytes: number): number =>
		((bytes / unitBytes) * framesPerUnit * 1000) / sampleRateHz;
	const startBytes = source.positionBytes;
	const bytesInFile = source.file === undefined ? undefined : Math.max(0, source.file.sizeBytes - startBytes);
	let promisedBytes = layout.dataBytes;
	const knownBytes = Math.min(promisedBytes ?? Infinity, bytesInFile ?? Infinity);
	let readBytes = 0;

	/** The header's length is reached: other chunks may follow, or the header was wrong. */
	const goesOn = async (): Promise<boolean> => {
		const next = await source.peek(8);
		if (next.length < 8 || looksLikeChunk(next) || looksLikeChunk(await source.peek(9), 1)) return false;
		warn(`The header of "${source.name}" states a length that is too short; reading on to the end`);
		promisedBytes = undefined;
		return true;
	};

	const nextBytes = async (): Promise<Uint8Array | undefined> => {
		const leftBytes = promisedBytes === undefined ? Infinity : promisedBytes - readBytes;
		if (leftBytes <= 0 && !(await goesOn())) return undefined;
		// The last ADPCM block may be shorter than the others, by the header's word.
		const unit = leftBytes > 0 ? Math.min(unitBytes, leftBytes) : unitBytes;
		return source.readUnits(unit, leftBytes > 0 ? Math.min(65_536, leftBytes) : undefined);
	};

	return {
		description: layout.description,
		durationMs: Number.isFinite(knownBytes) ? millisecondsOf(knownBytes) : undefined,
		async read(): Promise<AudioBlock | undefined> {
			for (;;) {
				const bytes = await nextBytes();
				if (bytes === undefined) {
					if (promisedBytes !== undefined && readBytes < promisedBytes) {
						warn(
							`"${source.name}" is cut short: ${formatSeconds(millisecondsOf(readBytes))} of the ` +
								`${formatSeconds(millisecondsOf(promisedBytes))} its header promises`,
						);
					}
					return undefined;
				}
				readBytes += bytes.length;
				const channels = decode(bytes);
				// Half a sample at the end decodes to nothing.
				if (channels[0]!.length > 0) return {channels, sampleRateHz};
			}
		},
		close: () => source.close(),
	};
}

function perBlock(blockBytes: number, decodeBlock: DecodeUnits): DecodeUnits {
	return bytes => {
		const blocks: Float32Array[][] = [];
		for (let start = 0; start < bytes.length; start += blockBytes) {
			blocks.push(decodeBlock(bytes.subarray(start, start + blockBytes)));
		}
		return blocks[0]!.map((_, channel) => joinSamples(blocks.map(block => block[channel]!)));
	};
}

function joinSamples(parts: readonly Float32Array[]): Float32Array {
	const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		whole.set(part, offset);
		offset += part.length;
	}
	return whole;
}

function formatSeconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(2)} s`;
}
