import {InfinisstError} from '../errors.js';
import {describeChannels, type AudioBlock, type AudioDecoder, type DecoderContext} from './audio-decoder.js';

/** What the `@audio/decode-*` packages have in common. Their WebAssembly works in the calling thread. */
interface Library {
	decode(bytes: Uint8Array): LibraryResult | Promise<LibraryResult>;
	flush?(): LibraryResult | Promise<LibraryResult>;
	free(): void;
}

interface LibraryResult {
	readonly channelData: readonly Float32Array[];
	readonly sampleRate: number;
	/** A list or a number of faults, where the package counts them. */
	readonly errors?: readonly unknown[] | number;
}

/**
 * AAC is decoded by a port of FAAD2 under the GNU General Public License, and the packages for MP4 and WebM
 * bring it along. They are not installed with this program; who installs them is served by them, and everybody
 * else by ffmpeg.
 */
const LIBRARIES = {
	mp3: async () => (await import('@audio/decode-mp3')).decoder(),
	aac: async () => (await import('@audio/decode-aac')).decoder(),
	mp4: async () => (await import('@audio/decode-mp4')).decoder(),
	webm: async () => (await import('@audio/decode-webm')).decoder(),
	amr: async () => (await import('@audio/decode-amr')).decoder(),
	'ogg-vorbis': async () => (await import('@audio/decode-vorbis')).decoder(),
	'ogg-opus': async () => (await import('@audio/decode-opus')).decoder(),
} satisfies Record<string, () => Promise<Library>>;

export type LibraryFormat = keyof typeof LIBRARIES;

/** Half a second to five seconds of audio: what is decoded in one go must not keep others waiting. */
const FEED_BYTES = 16_384;
/**
 * A packet of silence in Ogg has three bytes, and is 120 ms long in Opus: one page, which is decoded as a whole, holds
 * half a minute of it, 12 MB as stereo samples at 48 kHz. 16 KB of such pages would be 250 MB at once.
 */
const OGG_FEED_BYTES = 1024;

export interface LibraryDecoderOptions extends DecoderContext {
	readonly format: LibraryFormat;
	/** Name of the input, for messages. */
	readonly name: string;
	/** Name of the format, for people. */
	readonly formatName: string;
	readonly durationMs: number | undefined;
	readonly read: () => Promise<Uint8Array | undefined>;
	readonly close: () => Promise<void>;
}

/**
 * Opens a decoder of a library and decodes its first block, so that a file of which nothing can be decoded
 * is known at once. The caller closes the input if this throws.
 *
 * @returns undefined if the package of this format is not installed.
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` when not a single sample comes out.
 */
export async function openLibraryDecoder(options: LibraryDecoderOptions): Promise<AudioDecoder | undefined> {
	const library = await loadLibrary(options.format);
	if (library === undefined) return undefined;
	const decoder = new LibraryDecoder(library, options);
	try {
		await decoder.start();
		return decoder;
	} catch (error) {
		library.free();
		throw error;
	}
}

async function loadLibrary(format: LibraryFormat): Promise<Library | undefined> {
	try {
		return await LIBRARIES[format]();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
		throw error;
	}
}

class LibraryDecoder implements AudioDecoder {
	description = '';
	readonly durationMs: number | undefined;
	readonly #library: Library;
	readonly #options: LibraryDecoderOptions;
	readonly #feedBytes: number;
	#input: Uint8Array = new Uint8Array(0);
	#first: AudioBlock | undefined;
	#decodedMs = 0;
	#isDamaged = false;
	#hasStarted = false;
	#ended = false;
	#closing: Promise<void> | undefined;

	constructor(library: Library, options: LibraryDecoderOptions) {
		this.#library = library;
		this.#options = options;
		this.durationMs = options.durationMs;
		this.#feedBytes = options.format.startsWith('ogg-') ? OGG_FEED_BYTES : FEED_BYTES;
	}

	async start(): Promise<void> {
		const {name, formatName} = this.#options;
		let cause: unknown;
		try {
			this.#first = await this.#next();
		} catch (error) {
			if (InfinisstError.is(error)) throw error;
			cause = error;
		}
		if (this.#first === undefined) {
			throw new InfinisstError(
				'AUDIO_UNDECODABLE',
				`"${name}" looks like ${formatName}, but nothing in it can be decoded`,
				{
					hint: 'Fetch or export the file again, or install ffmpeg, which reads more formats.',
					cause,
				},
			);
		}
		const {channels, sampleRateHz} = this.#first;
		this.description = `${formatName}, ${sampleRateHz} Hz, ${describeChannels(channels.length)}`;
	}

	async read(): Promise<AudioBlock | undefined> {
		const first = this.#first;
		this.#first = undefined;
		let block = first;
		try {
			block ??= await this.#next();
		} catch (error) {
			// The input's own faults are not the decoder's; what came before a decoder's fault stays.
			if (InfinisstError.is(error)) throw error;
			this.#isDamaged = true;
			this.#ended = true;
		}
		if (block === undefined) this.#reportEnd();
		else this.#decodedMs += (block.channels[0]!.length * 1000) / block.sampleRateHz;
		return block;
	}

	close(): Promise<void> {
		this.#ended = true;
		this.#closing ??= this.#free();
		return this.#closing;
	}

	#free(): Promise<void> {
		this.#library.free();
		return this.#options.close();
	}

	async #next(): Promise<AudioBlock | undefined> {
		while (!this.#ended) {
			if (this.#input.length === 0) {
				const input = await this.#options.read();
				// close() may have come in the meantime and freed the library.
				if (this.#closing !== undefined) return undefined;
				if (input === undefined) {
					this.#ended = true;
					return this.#toBlock(await quietly(() => this.#library.flush?.()));
				}
				this.#input = input;
			}
			const piece = this.#input.subarray(0, this.#feedBytes);
			this.#input = this.#input.subarray(piece.length);
			const block = this.#toBlock(await quietly(() => this.#library.decode(piece)));
			if (block !== undefined) return block;
		}
		return undefined;
	}

	#toBlock(result: LibraryResult | undefined): AudioBlock | undefined {
		const errors = result?.errors ?? 0;
		// The AAC decoder counts its first frame, for which it gives no samples by design, as a fault.
		const tolerated = this.#hasStarted ? 0 : 1;
		if (typeof errors === 'number' ? errors > tolerated : errors.length > 0) this.#isDamaged = true;
		if ((result?.channelData[0]?.length ?? 0) === 0) return undefined;
		this.#hasStarted = true;
		return {channels: result!.channelData, sampleRateHz: result!.sampleRate};
	}

	#reportEnd(): void {
		const {name, warn} = this.#options;
		if (this.#isDamaged) warn(`"${name}" is damaged; what could not be decoded was left out`);
		const {durationMs} = this;
		// Encoders pad by a frame or two, and containers round.
		if (durationMs !== undefined && durationMs - this.#decodedMs > 500) {
			warn(
				`"${name}" is cut short: ${formatSeconds(this.#decodedMs)} of the ${formatSeconds(durationMs)} its header promises`,
			);
		}
	}
}

/** The libraries write to the console about damage, which would tear a view or a pipe apart. */
function quietly<Result>(work: () => Result): Result {
	const {error, warn, log} = console;
	const ignore = (): void => undefined;
	Object.assign(console, {error: ignore, warn: ignore, log: ignore});
	try {
		return work();
	} finally {
		Object.assign(console, {error, warn, log});
	}
}

function formatSeconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(2)} s`;
}
