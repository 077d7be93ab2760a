import {PageResampler} from './page-resampler.js';

/** Of the thread that sound is worked on in: not among the types of pages. */
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
	readonly port: MessagePort;
}

/** Sent together, at 16 kHz: 0.1 s. */
const MESSAGE_SAMPLES = 1600;

/** Brings what the microphone hears to mono at 16 kHz. */
class Capture extends AudioWorkletProcessor {
	readonly #resampler = new PageResampler(sampleRate, 16_000);
	#waiting: Float32Array[] = [];
	#waitingSamples = 0;

	/** @returns whether there is more to come. */
	process([channels = []]: readonly (readonly Float32Array[])[]): boolean {
		const [first] = channels;
		if (first === undefined) return true;
		const mono = first.map(
			(_sample, index) => channels.reduce((sum, channel) => sum + channel[index]!, 0) / channels.length,
		);
		const samples = this.#resampler.push(mono);
		this.#waiting.push(samples);
		this.#waitingSamples += samples.length;
		if (this.#waitingSamples >= MESSAGE_SAMPLES) this.#send();
		return true;
	}

	#send(): void {
		const message = new Float32Array(this.#waitingSamples);
		let position = 0;
		for (const samples of this.#waiting) {
			message.set(samples, position);
			position += samples.length;
		}
		this.#waiting = [];
		this.#waitingSamples = 0;
		this.port.postMessage(message, [message.buffer]);
	}
}

registerProcessor('capture', Capture);
