/** An entry of a {@link DeadlineQueue}; tells it apart from an equal one. */
export interface QueueEntry<Item> {
	readonly item: Item;
	readonly deadlineMs: number;
}

/** Earliest deadline first; equal deadlines in the order in which they came. */
export class DeadlineQueue<Item> {
	readonly #entries: QueueEntry<Item>[] = [];

	get size(): number {
		return this.#entries.length;
	}

	get first(): QueueEntry<Item> | undefined {
		return this.#entries[0];
	}

	/** In order. */
	get items(): readonly Item[] {
		return this.#entries.map(({item}) => item);
	}

	/** @param deadlineMs - on any clock, the same for all; Infinity comes last. */
	add(item: Item, deadlineMs: number): QueueEntry<Item> {
		const entry = {item, deadlineMs};
		let place = this.#entries.length;
		while (place > 0 && this.#entries[place - 1]!.deadlineMs > deadlineMs) place--;
		this.#entries.splice(place, 0, entry);
		return entry;
	}

	/** Removes the first. */
	take(): Item | undefined {
		return this.#entries.shift()?.item;
	}

	/** @returns whether it was there. */
	remove(entry: QueueEntry<Item>): boolean {
		const place = this.#entries.indexOf(entry);
		if (place >= 0) this.#entries.splice(place, 1);
		return place >= 0;
	}
}
