import {predictWait} from '../../core/engine/router/predict-wait.js';
import type {QueuePlace} from '../../core/engine/router/waiting-line.js';
import type {Clock} from '../../core/util/clock.js';

/** Those that ended lately, from which waits are predicted. */
const MAX_DURATIONS = 100;

export interface LineMember {
	/** Its place in the line, at once and whenever it changes. */
	placed(place: QueuePlace): void;
	/** It has a place now, until it leaves. */
	admitted(): void;
}

/**
 * Who may run at a server, whatever the model: first come, first served. A place is kept until it is left, also while
 * its holder begins anew. It answers at once, unlike the lines of the routers, which are per model.
 */
export class AdmissionLine<Member extends LineMember> {
	readonly #places: () => number;
	readonly #clock: Clock;
	/** With the time when each was admitted. */
	readonly #admitted = new Map<Member, number>();
	readonly #waiting: Member[] = [];
	/** As told last. */
	readonly #positions = new Map<Member, number>();
	readonly #durationsMs: number[] = [];

	/** @param places - how many may run; asked again each time. */
	constructor(places: () => number, clock: Clock) {
		this.#places = places;
		this.#clock = clock;
	}

	get admitted(): number {
		return this.#admitted.size;
	}

	/** Also called again from {@link LineMember} methods, as all that changes the line may be. */
	enter(member: Member): void {
		this.#waiting.push(member);
		this.review();
	}

	/** Gives its place to the next. Nothing if it has none. */
	leave(member: Member): void {
		const sinceMs = this.#admitted.get(member);
		if (sinceMs !== undefined) {
			this.#admitted.delete(member);
			this.#durationsMs.push(this.#clock.nowMs() - sinceMs);
			if (this.#durationsMs.length > MAX_DURATIONS) this.#durationsMs.shift();
		}
		const index = this.#waiting.indexOf(member);
		if (index !== -1) this.#waiting.splice(index, 1);
		this.#positions.delete(member);
		this.review();
	}

	/** Lets in whom there is room for; to be called when there may be more places than before. */
	review(): void {
		while (this.#waiting.length > 0 && this.#admitted.size < this.#places()) {
			const member = this.#waiting.shift()!;
			this.#positions.delete(member);
			this.#admitted.set(member, this.#clock.nowMs());
			member.admitted();
		}
		// Who is told may leave, or make others leave: those behind were told by then, and are not told twice.
		for (let index = 0; index < this.#waiting.length; index++) {
			const member = this.#waiting[index]!;
			const position = index + 1;
			if (this.#positions.get(member) === position) continue;
			this.#positions.set(member, position);
			member.placed({position, etaMs: this.predictMs(position)});
		}
	}

	/** When whoever is at a position will probably be admitted, ms from now. */
	predictMs(position: number): number {
		const nowMs = this.#clock.nowMs();
		return predictWait(position, {
			agesMs: [...this.#admitted.values()].map(sinceMs => nowMs - sinceMs),
			durationsMs: this.#durationsMs,
			places: Math.min(this.#places(), this.#admitted.size + position),
		});
	}
}
