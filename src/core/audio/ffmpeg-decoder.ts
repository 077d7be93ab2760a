import {spawn, type ChildProcessByStdio} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {Readable, type Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {InfinisstError} from '../errors.js';
import type {AudioBlock, AudioDecoder, DecoderContext} from './audio-decoder.js';
import {SAMPLE_RATE_HZ, type AudioInput} from './audio-source.js';
import {openByteSource, type ByteSource} from './byte-source.js';
import type {Identity} from './container.js';
import {createWavDecoder} from './wav-decoder.js';
import {readWavHeader} from './wav-header.js';

type FfmpegProcess = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** Kept of what ffmpeg says, for the message when it fails. */
const MAX_LOG_LINES = 50;

/**
 * Decodes with the external program ffmpeg, through pipes. A file is given to it by name, because it may
 * have to read it out of order; a stream is written to it as it is drained.
 *
 * @param source - at its first byte; closed with the decoder. The caller closes it if this throws.
 * @throws {InfinisstError} `DECODER_MISSING` if the program cannot be started; `AUDIO_UNDECODABLE` with
 * ffmpeg's own reason if it finds no sound.
 */
export async function openFfmpegDecoder(
	ffmpegPath: string,
	source: ByteSource,
	{name, demuxer}: Identity,
	{warn, signal}: DecoderContext,
): Promise<AudioDecoder> {
	const program = new Ffmpeg(ffmpegPath, source, demuxer);
	// Later on it is the stream's cancel that ends the program.
	const stop = (): void => void program.end();
	signal?.addEventListener('abort', stop, {once: true});
	try {
		const output: AudioInput = {kind: 'stream', stream: program.output, name: source.name};
		const wav = await openByteSource(output);
		if ((await wav.peek(12)).length < 12) throw await program.explain(source.name, name);
		const header = await readWavHeader(wav);
		// A pipe cannot be rewound, so ffmpeg leaves the lengths open, and the end of the pipe is the end.
		const decoder = createWavDecoder(wav, {...header, dataBytes: undefined}, {warn: () => undefined});
		return {
			description: `${name} (through ffmpeg), ${header.channels === 1 ? 'mono' : `${header.channels} channels`}`,
			durationMs: program.durationMs,
			async read(): Promise<AudioBlock | undefined> {
				const block = await decoder.read();
				if (block === undefined && (await program.failed())) {
					warn(`"${source.name}" is damaged; ffmpeg says: ${program.lastFault()}`);
				}
				return block;
			},
			close: () => program.end(),
		};
	} catch (error) {
		await program.end();
		throw error;
	} finally {
		signal?.removeEventListener('abort', stop);
	}
}

class Ffmpeg {
	readonly output: Readable;
	readonly #child: FfmpegProcess;
	readonly #source: ByteSource;
	readonly #closed: Promise<unknown>;
	readonly #log: string[] = [];
	#startFault: unknown;
	#ending: Promise<void> | undefined;

	constructor(ffmpegPath: string, source: ByteSource, demuxer: string) {
		// A name may begin with "-" or look like a protocol ("http:x.mp4"): with "file:" it is neither.
		const input = source.file === undefined ? 'pipe:0' : `file:${source.file.path}`;
		this.#child = spawn(
			ffmpegPath,
			[
				...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'repeat+level+info'],
				// Whatever the bytes say, ffmpeg opens nothing else, and above all no address.
				...['-protocol_whitelist', 'file,pipe', '-f', demuxer, '-i', input],
				...['-map', '0:a:0', '-map_metadata', '-1', '-ar', String(SAMPLE_RATE_HZ)],
				...['-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'],
			],
			{stdio: [source.file === undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'], windowsHide: true},
		) as FfmpegProcess;
		this.#source = source;
		this.output = this.#child.stdout;
		this.#child.on('error', error => (this.#startFault = error));
		this.#closed = once(this.#child, 'close').catch(() => undefined);
		// A line may be written in several pieces.
		createInterface({input: this.#child.stderr}).on('line', line => {
			this.#log.push(line);
			if (this.#log.length > MAX_LOG_LINES) this.#log.shift();
		});
		if (this.#child.stdin !== null) {
			// ffmpeg may stop reading when it has enough, which is no fault of the input.
			pipeline(Readable.from(readAll(source), {objectMode: false}), this.#child.stdin).catch(() => undefined);
		}
	}

	/** As ffmpeg reads it from the container. */
	get durationMs(): number | undefined {
		for (const line of this.#log) {
			const [, hours, minutes, seconds] = /Duration: (\d+):(\d\d):(\d\d\.\d+)/.exec(line) ?? [];
			if (seconds !== undefined)
				return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
		}
		return undefined;
	}

	/** After the end of the output: whether ffmpeg met a fault. */
	async failed(): Promise<boolean> {
		if (this.#ending !== undefined) return false;
		await this.#closed;
		return this.#child.exitCode !== 0 || this.#faults().length > 0;
	}

	lastFault(): string {
		return this.#faults().at(-1) ?? `it ended with code ${String(this.#child.exitCode)}`;
	}

	/** The error for a program that gave no samples at all. */
	async explain(inputName: string, formatName: string): Promise<InfinisstError> {
		await this.#closed;
		if (this.#startFault !== undefined) {
			return new InfinisstError(
				'DECODER_MISSING',
				`ffmpeg cannot be started to read "${inputName}" (${formatName})`,
				{
					hint: 'Install ffmpeg, or check that the program at its path runs.',
					cause: this.#startFault,
				},
			);
		}
		return new InfinisstError(
			'AUDIO_UNDECODABLE',
			`ffmpeg finds no sound in "${inputName}" (${formatName}): ${this.lastFault()}`,
			{
				hint: 'Check that the file plays elsewhere.',
			},
		);
	}

	/** Ends the program and waits until it is gone. */
	end(): Promise<void> {
		this.#ending ??= this.#end();
		return this.#ending;
	}

	async #end(): Promise<void> {
		// Nothing it could still write is of use, so it need not end in order.
		this.#child.kill('SIGKILL');
		this.output.destroy();
		await this.#source.close();
		await this.#closed;
	}

	/** Lines marked as faults, without the marks and addresses. */
	#faults(): string[] {
		return this.#log
			.filter(line => /\[(error|fatal|panic)\]/.test(line))
			.map(line => line.replace(/\[[^\]]*\] ?/g, '').trim())
			.filter(line => line !== '');
	}
}

async function* readAll(source: ByteSource): AsyncGenerator<Uint8Array> {
	for (let piece = await source.read(); piece !== undefined; piece = await source.read()) yield piece;
}
