import {InfinisstError} from '../errors.js';
import type {AudioDecoder, DecoderContext} from './audio-decoder.js';
import type {AudioInput, AudioSource, RawFormat} from './audio-source.js';
import {openByteSource, type ByteSource} from './byte-source.js';
import {SNIFF_BYTES, id3TagBytes, identifyContainer, type Identity} from './container.js';
import {findProgram} from './find-program.js';
import {createSampleStream} from './sample-stream.js';
import {createRawDecoder, createWavDecoder} from './wav-decoder.js';

export interface OpenAudioOptions {
	/** Set for headerless samples; otherwise the content says what it is. */
	readonly raw?: RawFormat;
	/** The ffmpeg program. @default the first one on `PATH` */
	readonly ffmpegPath?: string;
	/** Called with one sentence for each thing that was worked around, also while the samples are read. */
	readonly onWarning?: (message: string) => void;
	/** Fires to stop: `openAudio()` and the stream then fail with `signal.reason`. */
	readonly signal?: AbortSignal;
}

/**
 * Opens a recording as mono float32 at 16 kHz. The content decides what it is, not the name. WAV and FLAC
 * are read by own code, MP3, Ogg Vorbis, Ogg Opus and AMR by WebAssembly decoders, also AAC, MP4 and WebM where their
 * packages are installed; all other known containers, and what those cannot decode, by ffmpeg.
 *
 * Damage is worked around where something is left, with a warning. The caller must read `samples` to the
 * end or cancel it.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` (missing, a folder, no permission), `AUDIO_UNDECODABLE` (no
 * audio, or nothing of it can be decoded), `DECODER_MISSING` (ffmpeg is needed and not there). The same may
 * come while the samples are read.
 */
export async function openAudio(input: AudioInput, options: OpenAudioOptions): Promise<AudioSource> {
	const {signal, onWarning} = options;
	signal?.throwIfAborted();
	const source = await openByteSource(input);
	// A stream may be silent for ever: closing it ends the read that waits.
	const stop = (): void => void source.close().catch(() => undefined);
	signal?.addEventListener('abort', stop, {once: true});
	const warn = (message: string): void => onWarning?.(message);
	let decoder: AudioDecoder | undefined;
	try {
		decoder = await openDecoder(source, options, {warn, signal});
		signal?.throwIfAborted();
		const samples = createSampleStream(decoder, {name: source.name, warn, signal});
		return {description: decoder.description, durationMs: decoder.durationMs, samples};
	} catch (error) {
		await (decoder ?? source).close().catch(() => undefined);
		signal?.throwIfAborted();
		throw error;
	} finally {
		signal?.removeEventListener('abort', stop);
	}
}

async function openDecoder(
	source: ByteSource,
	options: OpenAudioOptions,
	context: DecoderContext,
): Promise<AudioDecoder> {
	if (options.raw !== undefined) return createRawDecoder(source, options.raw, context);
	// A tag may stand before any format, and holds nothing that can be heard.
	for (let tagBytes: number; (tagBytes = id3TagBytes(await source.peek(10))) > 0;)
		await source.skip(tagBytes);
	const head = await source.peek(SNIFF_BYTES);
	if (head.length === 0) {
		throw new InfinisstError('AUDIO_UNDECODABLE', `"${source.name}" is empty`, {
			hint: 'Check where it comes from.',
		});
	}
	const identity = identifyContainer(head);
	if (identity === undefined) {
		throw new InfinisstError('AUDIO_UNDECODABLE', `"${source.name}" is in no audio format we know`, {
			hint: 'If it holds samples without a header, say which: --raw s16le --rate 16000 --channels 1.',
		});
	}
	return openContainer(source, identity, options, context);
}

async function openContainer(
	source: ByteSource,
	identity: Identity,
	options: OpenAudioOptions,
	context: DecoderContext,
): Promise<AudioDecoder> {
	// ffmpeg opens a file itself, but of a stream it needs the beginning again.
	if (source.file === undefined) source.mark();
	let fault: InfinisstError | undefined;
	try {
		const decoder = await openOwn(source, identity, context);
		if (decoder !== undefined) {
			source.release();
			return decoder;
		}
	} catch (error) {
		if (!InfinisstError.is(error, 'AUDIO_UNDECODABLE')) throw error;
		fault = error;
	}
	const ffmpegPath = options.ffmpegPath ?? (await findProgram('ffmpeg', process.env));
	if (ffmpegPath === undefined || (source.file === undefined && !source.rewind())) {
		throw fault ?? missingFfmpeg(source.name, identity);
	}
	const {openFfmpegDecoder} = await import('./ffmpeg-decoder.js');
	try {
		return await openFfmpegDecoder(ffmpegPath, source, identity, context);
	} catch (error) {
		throw fault ?? error;
	}
}

/** The decoder inside this program; undefined for what it leaves to ffmpeg. */
async function openOwn(
	source: ByteSource,
	identity: Identity,
	context: DecoderContext,
): Promise<AudioDecoder | undefined> {
	const {container, name: formatName} = identity;
	const close = (): Promise<void> => source.close();
	switch (container) {
		case 'wav': {
			const {readWavHeader} = await import('./wav-header.js');
			const header = await readWavHeader(source);
			return header.codec.kind === 'other' ? undefined : createWavDecoder(source, header, context);
		}
		case 'flac':
		case 'ogg-flac': {
			const [{openFlacDecoder}, {readOggPayload}] = await Promise.all([
				import('./flac-decoder.js'),
				import('./ogg-pages.js'),
			]);
			// The first packet of an Ogg stream has 9 bytes of its own before the usual header.
			const read = container === 'flac' ? () => source.read() : readOggPayload(source, 9);
			return openFlacDecoder({name: source.name, read, close}, formatName, context);
		}
		case 'foreign':
			return undefined;
		case 'mp3':
		case 'aac':
		case 'mp4':
		case 'webm':
		case 'amr':
		case 'ogg-vorbis':
		case 'ogg-opus': {
			const [{openLibraryDecoder}, durations] = await Promise.all([
				import('./library-decoder.js'),
				import('./stated-duration.js'),
			]);
			const common = {...context, format: container, name: source.name, formatName, close};
			switch (container) {
				case 'mp4': {
					const {openMp4} = await import('./mp4-index.js');
					return openLibraryDecoder({...common, ...(await openMp4(source))});
				}
				case 'ogg-vorbis':
				case 'ogg-opus': {
					const codec = container === 'ogg-opus' ? 'opus' : 'vorbis';
					const durationMs = await durations.statedOggDuration(source, codec);
					return openLibraryDecoder({...common, durationMs, read: () => source.read()});
				}
				case 'mp3': {
					const durationMs = await durations.statedMp3Duration(source);
					return openLibraryDecoder({...common, durationMs, read: () => source.read()});
				}
				case 'webm': {
					const durationMs = await durations.statedMatroskaDuration(source);
					return openLibraryDecoder({...common, durationMs, read: () => source.read()});
				}
				case 'aac':
				case 'amr':
					return openLibraryDecoder({...common, durationMs: undefined, read: () => source.read()});
			}
		}
	}
}

function missingFfmpeg(inputName: string, {name}: Identity): InfinisstError {
	return new InfinisstError(
		'DECODER_MISSING',
		`"${inputName}" is ${name}, which needs ffmpeg, and ffmpeg is not there`,
		{
			hint: 'Install ffmpeg (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ffmpeg).',
		},
	);
}
