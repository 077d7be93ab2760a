import type {ArchivedFacts, ArchivedStream, ArchivedUpdate, StreamArchive} from './stream-archive.js';

/** The oldest is forgotten above this: an hour of text is about 300 KB of final events. */
const MAX_STREAMS = 500;

/** Keeps streams as long as the process lives: clients that were away for longer than their session can go on. */
export class MemoryStreamArchive implements StreamArchive {
	/** By their sessions, the one opened first in front. */
	readonly #streams = new Map<string, ArchivedStream>();

	open(facts: ArchivedFacts): Promise<void> {
		this.#streams.set(facts.id, {
			...facts,
			finals: [],
			segments: 0,
			sourceLanguage: null,
			checkpoint: undefined,
		});
		if (this.#streams.size > MAX_STREAMS) this.forget(this.#streams.keys().next().value!);
		return Promise.resolve();
	}

	save(id: string, {finals, ...state}: ArchivedUpdate): Promise<void> {
		const stream = this.#streams.get(id);
		if (stream !== undefined) {
			const kept = stream.finals as ArchivedStream['finals'][number][];
			for (const final of finals) kept[final.ordinal] = final;
			this.#streams.set(id, {...stream, ...state, finals: kept});
		}
		return Promise.resolve();
	}

	find(tokenHash: string): Promise<ArchivedStream | undefined> {
		const stream = [...this.#streams.values()].find(each => each.tokenHash === tokenHash);
		return Promise.resolve(stream === undefined ? undefined : {...stream, finals: [...stream.finals]});
	}

	forget(id: string): void {
		this.#streams.delete(id);
	}

	close(): Promise<void> {
		return Promise.resolve();
	}
}
