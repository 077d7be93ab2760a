import {InfinisstError} from '../errors.js';
import {describeChannels, type AudioBlock, type AudioDecoder, type DecoderContext} from './audio-decoder.js';
import {concatBytes} from './byte-source.js';
import {
	MAX_HEADER_BYTES,
	decodeFlacFrame,
	parseFlacFrameHeader,
	type FlacFrameHeader,
	type FlacStreamInfo,
} from './flac-frame.js';

/** Where the bytes of a FLAC stream come from: a file, or the packets of an Ogg stream. */
export interface FlacBytes {
	readonly name: string;
	/** The next piece, or undefined at the end. */
	readonly read: () => Promise<Uint8Array | undefined>;
	readonly close: () => Promise<void>;
}

/** No frame can be longer: 65 535 samples of 8 channels and 32 bits, stored as they are. */
const MAX_FRAME_BYTES = 2_200_000;
/** A longer gap between two good frames is another stream rather than lost samples. */
const MAX_GAP_SECONDS = 60;
/** Metadata (pictures) is passed over, but a length beyond this is damage. */
const MAX_METADATA_BYTES = 64 * 1024 * 1024;

/**
 * Opens a FLAC stream at its `fLaC` mark. Own code: the libraries' WebAssembly decoders stop at the first
 * damaged frame or drop the last one, and take 40 ms to load.
 *
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` when the stream has no usable header.
 */
export async function openFlacDecoder(
	bytes: FlacBytes,
	container: string,
	context: DecoderContext,
): Promise<AudioDecoder> {
	const input = new FlacInput(bytes);
	const info = await readStreamInfo(input, bytes.name);
	return new FlacDecoder(input, info, container, bytes, context);
}

/** The bytes that wait to be decoded. */
class FlacInput {
	bytes: Uint8Array = new Uint8Array(0);
	ended = false;
	readonly #source: FlacBytes;

	constructor(source: FlacBytes) {
		this.#source = source;
	}

	/** Waits for `byteCount` bytes; false if the stream ends before. */
	async need(byteCount: number): Promise<boolean> {
		if (this.bytes.length >= byteCount) return true;
		const parts: Uint8Array[] = [this.bytes];
		let total = this.bytes.length;
		while (total < byteCount && !this.ended) {
			const part = await this.#source.read();
			if (part === undefined) {
				this.ended = true;
			} else {
				parts.push(part);
				total += part.length;
			}
		}
		if (parts.length > 1) this.bytes = concatBytes(parts);
		return total >= byteCount;
	}

	drop(byteCount: number): void {
		this.bytes = this.bytes.subarray(byteCount);
	}
}

class FlacDecoder implements AudioDecoder {
	readonly description: string;
	readonly durationMs: number | undefined;
	readonly #input: FlacInput;
	readonly #info: FlacStreamInfo;
	readonly #source: FlacBytes;
	readonly #context: DecoderContext;
	/** Enough for a frame of usual size; grows with what was seen. */
	#frameBytes: number;
	#expectedSample = 0;
	#damagedFrames = 0;
	#endsInFrame = false;
	/** A frame that waits behind the silence for those lost before it. */
	#waiting: AudioBlock | undefined;

	constructor(
		input: FlacInput,
		info: FlacStreamInfo,
		container: string,
		source: FlacBytes,
		context: DecoderContext,
	) {
		const {sampleRateHz, channels, bitsPerSample, totalSamples} = info;
		this.#input = input;
		this.#info = info;
		this.#source = source;
		this.#context = context;
		this.#frameBytes = Math.max(4096, info.maxFrameBytes + MAX_HEADER_BYTES);
		this.description = `${container}, ${bitsPerSample}-bit, ${sampleRateHz} Hz, ${describeChannels(channels)}`;
		this.durationMs = totalSamples > 0 ? (totalSamples * 1000) / sampleRateHz : undefined;
	}

	async read(): Promise<AudioBlock | undefined> {
		if (this.#waiting !== undefined) {
			const block = this.#waiting;
			this.#waiting = undefined;
			return block;
		}
		for (;;) {
			const header = await this.#findHeader();
			if (header === undefined) {
				this.#reportEnd();
				return undefined;
			}
			const result = decodeFlacFrame(this.#input.bytes, 0, header);
			switch (result.kind) {
				case 'frame':
					this.#input.drop(result.endOffset);
					return this.#placeInTime({channels: result.channels, sampleRateHz: header.sampleRateHz}, header);
				case 'incomplete':
					if (await this.#grow()) continue;
					if (this.#input.ended) this.#endsInFrame = true;
					else this.#damagedFrames++;
					this.#input.drop(1);
					break;
				case 'damaged':
					this.#damagedFrames++;
					this.#input.drop(1);
					break;
			}
		}
	}

	close(): Promise<void> {
		return this.#source.close();
	}

	/** Moves the input to the next frame header; undefined at the end. */
	async #findHeader(): Promise<FlacFrameHeader | undefined> {
		for (;;) {
			await this.#input.need(this.#frameBytes);
			const {bytes, ended} = this.#input;
			if (bytes.length < 6) return undefined;
			const header = parseFlacFrameHeader(bytes, 0, this.#info);
			if (header !== undefined) return header;
			const next = bytes.indexOf(0xff, 1);
			// The last bytes may be the beginning of a header.
			if (next >= 0) this.#input.drop(next);
			else if (ended) return undefined;
			else this.#input.drop(bytes.length);
		}
	}

	/** Reads on, to twice the bytes; false if there are no more, or if no frame can be that long. */
	async #grow(): Promise<boolean> {
		const limitBytes = this.#info.maxFrameBytes || MAX_FRAME_BYTES;
		if (this.#input.ended || this.#input.bytes.length >= limitBytes) return false;
		this.#frameBytes = Math.min(limitBytes, Math.max(this.#frameBytes, this.#input.bytes.length * 2));
		await this.#input.need(this.#frameBytes);
		return true;
	}

	/** Puts silence where frames were lost, so that the times of what follows stay right. */
	#placeInTime(block: AudioBlock, header: FlacFrameHeader): AudioBlock {
		const missing = header.firstSample - this.#expectedSample;
		this.#expectedSample = header.firstSample + header.blockSamples;
		if (this.#damagedFrames === 0 || missing <= 0 || missing > MAX_GAP_SECONDS * block.sampleRateHz)
			return block;
		this.#waiting = block;
		return {
			channels: block.channels.map(() => new Float32Array(missing)),
			sampleRateHz: block.sampleRateHz,
		};
	}

	#reportEnd(): void {
		const {totalSamples, sampleRateHz} = this.#info;
		const seconds = (samples: number): string => `${(samples / sampleRateHz).toFixed(2)} s`;
		if (this.#damagedFrames > 0) {
			this.#context.warn(`"${this.#source.name}" is damaged; what could not be decoded is read as silence`);
		}
		if (totalSamples > this.#expectedSample) {
			this.#context.warn(
				`"${this.#source.name}" is cut short: ${seconds(this.#expectedSample)} of the ` +
					`${seconds(totalSamples)} its header promises`,
			);
		} else if (totalSamples === 0 && this.#endsInFrame) {
			this.#context.warn(`"${this.#source.name}" is cut short after ${seconds(this.#expectedSample)}`);
		}
	}
}

/** Passes over the metadata blocks (RFC 9639, 8) and returns the first, which must be STREAMINFO. */
async function readStreamInfo(input: FlacInput, name: string): Promise<FlacStreamInfo> {
	if (!(await input.need(42))) throw undecodable(name, 'ends inside its header');
	input.drop(4);
	let info: FlacStreamInfo | undefined;
	for (;;) {
		if (!(await input.need(4))) throw undecodable(name, 'ends inside its header');
		const [head, high, middle, low] = input.bytes as unknown as [number, number, number, number];
		const length = (high << 16) | (middle << 8) | low;
		if (length > MAX_METADATA_BYTES || !(await input.need(4 + length)))
			throw undecodable(name, 'ends inside its header');
		if ((head & 0x7f) === 0 && length >= 34) info = parseStreamInfo(input.bytes.subarray(4, 38));
		input.drop(4 + length);
		if (head & 0x80) break;
	}
	if (info === undefined || info.sampleRateHz === 0)
		throw undecodable(name, 'has a header that makes no sense');
	return info;
}

function parseStreamInfo(block: Uint8Array): FlacStreamInfo {
	const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
	const packed = view.getUint32(10);
	return {
		maxBlockSamples: view.getUint16(2),
		maxFrameBytes: view.getUint32(6) & 0xff_ffff,
		sampleRateHz: packed >>> 12,
		channels: ((packed >> 9) & 7) + 1,
		bitsPerSample: ((packed >> 4) & 31) + 1,
		totalSamples: (packed & 15) * 2 ** 32 + view.getUint32(14),
	};
}

function undecodable(name: string, what: string): InfinisstError {
	return new InfinisstError('AUDIO_UNDECODABLE', `The FLAC stream "${name}" ${what}`, {
		hint: 'Fetch or export the file again.',
	});
}
