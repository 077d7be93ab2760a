import type {WebSocket} from 'ws';

export type Breaks = (id: string) => boolean;

export interface SpokenSessionOptions {
	readonly id: string;
	readonly clientId: string;
	readonly agentType: string;
	readonly languagePair: string;
	readonly multiplier: number;
	readonly evaluationMode: boolean;
	readonly breaks: Breaks;
}

/** Samples of the shortest chunk. */
const CHUNK = 15_360;
const RATE = 16_000;
/** What is louder counts as speech. */
const SPEECH_LEVEL = 0.01;

/**
 * A session whose translation is made of how much was said: two words for each 15 360 samples of speech. It
 * translates at once what makes a chunk.
 */
export class SpokenSession {
	readonly options: SpokenSessionOptions;
	readonly createdAtMs = Date.now();
	lastMs = Date.now();
	state: 'queued' | 'initializing' | 'active' = 'active';
	/** 1 is next; 0 unless it waits. */
	position = 0;
	multiplier: number;
	evaluationMode: boolean;
	socket: WebSocket | undefined;
	/** Of the stretch, when each was told: ms of audio. */
	words: {text: string; audioMs: number}[] = [];
	hasHeard = false;
	/** Its model was not there when it was opened. */
	hasLoaded = false;
	readonly #breaks: Breaks;
	#pendingSamples = 0;
	#hasPendingSpeech = false;
	#isStretchOver = false;
	#stretchSamples = 0;
	#told = 0;
	/** Words of the stretch. */
	#spoken = 0;

	constructor(options: SpokenSessionOptions) {
		this.options = options;
		this.multiplier = options.multiplier;
		this.evaluationMode = options.evaluationMode;
		this.#breaks = options.breaks;
	}

	get text(): string {
		return this.words.map(({text}) => text).join(' ');
	}

	/** Of all that was said, as the rules of evaluation name it. */
	get delays(): Record<string, unknown> {
		const isConstant = this.#breaks('evaluation.real-figures');
		const count = this.words.length;
		const sum = this.words.reduce((all, {audioMs}, index) => all + audioMs - (index * CHUNK) / RATE, 0);
		return {
			stream_laal: isConstant || count === 0 ? 0 : sum / count,
			total_words: isConstant ? 0 : count,
			segments: count === 0 ? 0 : 1,
			...(!this.#breaks('evaluation.answer') && {language_type: 'words'}),
		};
	}

	/** The socket that speaks for it from now on. */
	attach(socket: WebSocket): void {
		if (!this.#breaks('wss.replaced')) this.socket?.close(4001, 'Replaced');
		this.socket = socket;
		if (this.state === 'initializing') socket.send('INITIALIZING: one moment');
		else this.#welcome();
	}

	/** Its model is there. */
	becomeReady(): void {
		this.state = 'active';
		if (this.socket !== undefined) this.#welcome();
	}

	hear(bytes: Buffer): void {
		this.hasHeard = true;
		const fault = this.#findFault(bytes);
		if (fault !== undefined) {
			this.#send(`ERROR: ${fault}`);
			return;
		}

		const samples = readSamples(bytes);
		if (this.#breaks('wss.any-length') && samples.length < 8) {
			this.#send('ERROR: too short');
			return;
		}

		this.#beginStretch();
		if (this.#breaks('wss.faster') && this.#stretchSamples > 18 * RATE) return;
		let taken = 0;
		while (taken < samples.length) {
			const missing = CHUNK * this.multiplier - this.#pendingSamples;
			const part = samples.subarray(taken, taken + Math.max(1, missing));
			taken += part.length;
			this.#stretchSamples += part.length;
			this.#pendingSamples += part.length;
			this.#hasPendingSpeech ||= part.some(sample => Math.abs(sample) > SPEECH_LEVEL);
			if (this.#pendingSamples >= CHUNK * this.multiplier) this.#translate();
		}
	}

	finish(): void {
		if (this.#breaks('wss.backpressure') && this.#stretchSamples > 60 * RATE) return;
		if (this.#breaks('wss.eof-flushes')) this.#pendingSamples = 0;
		else this.#translate(true);
		if (this.#breaks('wss.eof-nothing') && !this.hasHeard) this.#send('you said nothing');
		this.#isStretchOver = true;
		this.#send('PROCESSING_COMPLETE: all of it');
		if (this.#breaks('wss.complete-last') && this.words.length > 0) {
			setTimeout(() => this.#send(this.text), 10);
		}
	}

	changeLatency(multiplier: number): void {
		this.multiplier = multiplier;
	}

	reset(): void {
		if (!this.#breaks('reset.text')) this.words = [];
		if (!this.#breaks('reset.audio')) this.#pendingSamples = 0;
		this.#told = 0;
	}

	command(text: string): void {
		const multiplier = Number(/^LATENCY:(\d+)$/.exec(text)?.[1]);
		if (text === 'EOF') {
			this.finish();
		} else if (
			(multiplier >= 1 && multiplier <= 4) ||
			(multiplier > 0 && this.#breaks('wss.latency-range'))
		) {
			this.changeLatency(multiplier);
			this.#send(`LATENCY_UPDATED: ${this.#breaks('wss.latency') ? '' : 'Set to '}${multiplier}`);
		} else if (text.startsWith('LATENCY:') || !this.#breaks('wss.unknown-text')) {
			this.#send('ERROR: no such command');
		}
	}

	#beginStretch(): void {
		if (!this.#isStretchOver) return;
		this.#isStretchOver = false;
		this.#stretchSamples = 0;
		if (this.#breaks('wss.stretches')) return;
		this.#spoken = 0;
		this.words = [];
		this.#told = 0;
	}

	#welcome(): void {
		if (this.#breaks('wss.ready') && !this.hasLoaded) this.#send('');
		this.#send('READY: speak');
		if (this.words.length > 0 && !this.#breaks('wss.reconnect')) this.#send(this.text);
		if (this.#breaks('wss.goes-on')) this.words = [];
	}

	#translate(isEnd = false): void {
		const [samples, isSpeech] = [this.#pendingSamples, this.#hasPendingSpeech];
		this.#pendingSamples = 0;
		this.#hasPendingSpeech = false;
		if (samples === 0 || !isSpeech) return;
		if (this.#breaks('wss.page-chunks') && this.multiplier === 3) return;
		for (let count = Math.ceil((2 * samples) / CHUNK); count > 0; count--) {
			this.words.push({
				text: `word${++this.#spoken}`,
				audioMs: (this.#stretchSamples / RATE) * 1000,
			});
		}

		if (this.#breaks('wss.while-speaking') && !isEnd) return;
		const told = this.#breaks('wss.whole-text') ? this.words.slice(this.#told) : this.words;
		this.#told = this.words.length;
		this.#send(told.map(({text}) => text).join(' '));
	}

	#findFault(bytes: Buffer): string | undefined {
		if (bytes.length % 4 !== 0) {
			return this.#breaks('wss.half-sample') ? undefined : 'the length is not a multiple of 4';
		}

		for (const sample of readSamples(bytes)) {
			if (Number.isNaN(sample) && !this.#breaks('wss.not-a-number')) return 'not a number';
			if (Math.abs(sample) === Infinity && !this.#breaks('wss.infinite')) return 'infinite';
			const isAbsurd = Math.abs(sample) > 1e6 && Math.abs(sample) !== Infinity;
			if (isAbsurd && !this.#breaks('wss.absurd-amplitude')) return 'absurdly loud';
		}

		return undefined;
	}

	#send(text: string): void {
		if (this.socket?.readyState === 1) this.socket.send(text);
	}
}

/** Copied, as the bytes of a message begin anywhere. */
function readSamples(bytes: Buffer): Float32Array {
	return new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.length / 4));
}
