import {InferenceSession, Tensor} from 'onnxruntime-node';
import {InfinisstError} from '../errors.js';
import {SAMPLE_RATE_HZ} from './audio-source.js';
import {LevelNormaliser} from './level-normaliser.js';
import {readSileroBlockGraph} from './silero/read-block-graph.js';
import {FRAMES_PER_WINDOW, SILERO_FRAME_SAMPLES, STATE_SIZE} from './silero/silero-shape.js';

/** Samples that get one probability: 32 ms. */
export const WINDOW_SAMPLES = 512;

/** Samples before a window that the network also sees. */
const CONTEXT_SAMPLES = 64;

/** From one frame of a window's spectrum to the next. */
const FRAME_HOP_SAMPLES = 128;

/** Context, window, and the end of the window mirrored. */
const SEEN_SAMPLES = (FRAMES_PER_WINDOW - 1) * FRAME_HOP_SAMPLES + SILERO_FRAME_SAMPLES;

/** 2 s: larger blocks gain nothing and leave the processor's cache. */
const MAX_BLOCK_WINDOWS = 64;

/**
 * Silence, about 1 s, that every stream begins with unheard: the network fresh from zero overlooks a word at
 * the very start (a word of 0.3 s gets at most 0.26; after silence 0.92).
 */
const WARM_UP_WINDOWS = 32;

/** A stream between two calls, as data that can be cloned: 2 KB and the samples of the open window. */
export interface VoiceActivityState {
	readonly hidden: Float32Array;
	readonly cell: Float32Array;
	/** The context, then the samples of the window that is not complete. */
	readonly open: Float32Array;
	readonly peak: number;
}

/** Probabilities of one recording, computed as its samples come. */
export interface VoiceActivityStream {
	/**
	 * Samples may come in blocks of any length; the blocks do not change the result. Calls are answered in
	 * their order.
	 *
	 * @param samples - mono float32 at 16 kHz; only read, and not to be changed before the answer.
	 * @returns probability of speech, 0..1, of every window of {@link WINDOW_SAMPLES} completed by them.
	 */
	push(samples: Float32Array): Promise<Float32Array>;
	/** The same for the last window, followed by zeros, if one is begun; the stream is over then. */
	flush(): Promise<Float32Array>;
	/** A copy of the state, from which another stream may go on; not to be taken while a call is under way. */
	state(): VoiceActivityState;
}

/** One loaded model, of use to any number of streams. */
export interface VoiceActivityDetector {
	/** Begins a recording, or goes on with one. Needs no closing. */
	stream(state?: VoiceActivityState): VoiceActivityStream;
	/** Waits for running work, then frees the model. Idempotent. */
	close(): Promise<void>;
}

export interface VoiceActivityOptions {
	/** Threads within one call. @default 1 */
	readonly threads?: number;
	/** Whether quiet audio is amplified first; without it the probabilities are Silero's own. @default true */
	readonly normaliseLevel?: boolean;
}

interface RecurrentState {
	readonly hidden: Tensor;
	readonly cell: Tensor;
}

/**
 * Loads Silero voice activity detection.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if its weights are not where the installation puts them.
 */
export async function openVoiceActivityDetector({
	threads = 1,
	normaliseLevel = true,
}: VoiceActivityOptions = {}): Promise<VoiceActivityDetector> {
	const session = await InferenceSession.create(await readSileroBlockGraph(), {
		executionProviders: ['cpu'],
		intraOpNumThreads: threads,
		interOpNumThreads: 1,
		logSeverityLevel: 3,
		extra: {session: {intra_op: {allow_spinning: '0'}}},
	});
	const zeros = (): Tensor => toTensor(new Float32Array(STATE_SIZE));
	const network = new SileroNetwork(session);
	const silence = new Float32Array(WARM_UP_WINDOWS * FRAMES_PER_WINDOW * SILERO_FRAME_SAMPLES);
	const {state} = await network.run(silence, {hidden: zeros(), cell: zeros()});
	return {
		stream: from => new SileroStream(network, state, normaliseLevel, from),
		close: () => network.close(),
	};
}

function toTensor(state: Float32Array): Tensor {
	return new Tensor('float32', state.slice(), [1, 1, STATE_SIZE]);
}

/** The graph, and who still uses it. */
class SileroNetwork {
	readonly #session: InferenceSession;
	readonly #running = new Set<Promise<unknown>>();
	#closing: Promise<void> | undefined;

	constructor(session: InferenceSession) {
		this.#session = session;
	}

	async run(
		frames: Float32Array,
		{hidden, cell}: RecurrentState,
	): Promise<{probabilities: Float32Array; state: RecurrentState}> {
		if (this.#closing !== undefined)
			throw new InfinisstError('RESOURCE_CLOSED', 'The voice activity detector is closed');
		const running = this.#session.run({
			frames: new Tensor('float32', frames, [frames.length / SILERO_FRAME_SAMPLES, SILERO_FRAME_SAMPLES]),
			hidden,
			cell,
		});
		this.#running.add(running);
		try {
			const {probabilities, nextHidden, nextCell} = await running;
			return {
				probabilities: probabilities!.data as Float32Array,
				state: {hidden: nextHidden!, cell: nextCell!},
			};
		} finally {
			this.#running.delete(running);
		}
	}

	close(): Promise<void> {
		this.#closing ??= (async () => {
			await Promise.allSettled(this.#running);
			await this.#session.release();
		})();
		return this.#closing;
	}
}

class SileroStream implements VoiceActivityStream {
	readonly #network: SileroNetwork;
	readonly #level: LevelNormaliser | undefined;
	/** The context, then the samples of the window that is not complete. */
	readonly #open = new Float32Array(CONTEXT_SAMPLES + WINDOW_SAMPLES);
	#openSamples = CONTEXT_SAMPLES;
	readonly #seen = new Float32Array(SEEN_SAMPLES);
	#state: RecurrentState;
	#previous: Promise<unknown> = Promise.resolve();

	constructor(
		network: SileroNetwork,
		state: RecurrentState,
		normaliseLevel: boolean,
		from?: VoiceActivityState,
	) {
		this.#network = network;
		this.#state = from === undefined ? state : {hidden: toTensor(from.hidden), cell: toTensor(from.cell)};
		this.#level = normaliseLevel
			? new LevelNormaliser(WINDOW_SAMPLES / SAMPLE_RATE_HZ, from?.peak)
			: undefined;
		if (from !== undefined) {
			this.#open.set(from.open);
			this.#openSamples = from.open.length;
		}
	}

	state(): VoiceActivityState {
		const {hidden, cell} = this.#state;
		return {
			hidden: (hidden.data as Float32Array).slice(),
			cell: (cell.data as Float32Array).slice(),
			open: this.#open.slice(0, this.#openSamples),
			peak: this.#level?.peak ?? 0,
		};
	}

	push(samples: Float32Array): Promise<Float32Array> {
		return this.#inOrder(() => this.#detect(samples));
	}

	flush(): Promise<Float32Array> {
		return this.#inOrder(() => {
			const begun = this.#openSamples - CONTEXT_SAMPLES;
			return this.#detect(new Float32Array(begun === 0 ? 0 : WINDOW_SAMPLES - begun));
		});
	}

	/** Each call needs the state the one before it left. */
	#inOrder(task: () => Promise<Float32Array>): Promise<Float32Array> {
		const result = this.#previous.then(task);
		// The caller has the rejection; the calls behind it are refused with the same reason.
		result.catch(() => undefined);
		this.#previous = result;
		return result;
	}

	async #detect(samples: Float32Array): Promise<Float32Array> {
		const windows = Math.floor((this.#openSamples - CONTEXT_SAMPLES + samples.length) / WINDOW_SAMPLES);
		const probabilities = new Float32Array(windows);
		let used = 0;
		for (let done = 0; done < windows;) {
			const blockWindows = Math.min(windows - done, MAX_BLOCK_WINDOWS);
			const frames = new Float32Array(blockWindows * FRAMES_PER_WINDOW * SILERO_FRAME_SAMPLES);
			for (let window = 0; window < blockWindows; window++) {
				const missing = this.#open.length - this.#openSamples;
				this.#open.set(samples.subarray(used, used + missing), this.#openSamples);
				used += missing;
				this.#fillFrames(frames, window * FRAMES_PER_WINDOW * SILERO_FRAME_SAMPLES);
				this.#open.copyWithin(0, WINDOW_SAMPLES);
				this.#openSamples = CONTEXT_SAMPLES;
			}
			const result = await this.#network.run(frames, this.#state);
			this.#state = result.state;
			probabilities.set(result.probabilities, done);
			done += blockWindows;
		}
		this.#open.set(samples.subarray(used), this.#openSamples);
		this.#openSamples += samples.length - used;
		return probabilities;
	}

	/** Writes the four overlapping frames of the window that is complete now. */
	#fillFrames(frames: Float32Array, start: number): void {
		const open = this.#open;
		const seen = this.#seen;
		const gain = this.#level?.gainFor(open, CONTEXT_SAMPLES, open.length) ?? 1;
		for (let place = 0; place < open.length; place++) seen[place] = open[place]! * gain;
		for (let place = open.length; place < SEEN_SAMPLES; place++)
			seen[place] = seen[2 * (open.length - 1) - place]!;
		for (let frame = 0; frame < FRAMES_PER_WINDOW; frame++) {
			const first = frame * FRAME_HOP_SAMPLES;
			frames.set(seen.subarray(first, first + SILERO_FRAME_SAMPLES), start + frame * SILERO_FRAME_SAMPLES);
		}
	}
}
