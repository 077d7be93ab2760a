/**
 * Does the messages of a session one after another, in the order they came, also when they came over different
 * sockets: the second must not overtake what waits of the first.
 */
export class MessageLine {
	#waiting: (() => Promise<void>)[] = [];
	#isBusy = false;

	/** @param work - must not reject. */
	push(work: () => Promise<void>): void {
		this.#waiting.push(work);
		if (!this.#isBusy) void this.#run();
	}

	async #run(): Promise<void> {
		this.#isBusy = true;
		for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) await work();
		this.#isBusy = false;
	}
}
