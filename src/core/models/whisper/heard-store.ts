import {sourceReleased, type DecoderSource} from '../decoding/decoder-source.js';

/** Audio that was heard and may be decoded, by its number. */
export class HeardStore {
	readonly #audio = new Map<number, DecoderSource>();

	/** Takes over the hold of who made it. */
	add(id: number, audio: DecoderSource): void {
		this.#audio.set(id, audio);
	}

	/**
	 * Gives out audio with one hold of its own.
	 *
	 * @param keep - whether it may be asked for again.
	 * @throws {InfinisstError} `RESOURCE_CLOSED` if it was released.
	 */
	take(id: number, keep: boolean): DecoderSource {
		const audio = this.#audio.get(id);
		if (audio === undefined) throw sourceReleased();
		if (keep) audio.retain();
		else this.#audio.delete(id);
		return audio;
	}

	/** Does nothing for audio that is not there. */
	release(id: number): void {
		this.#audio.get(id)?.release();
		this.#audio.delete(id);
	}
}
