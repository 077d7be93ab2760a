import type {HistoryAnswer} from './answer.js';

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Whole answers of the last requests. A key names the session's revision, so none is ever out of date. */
export class AnswerCache {
	readonly #answers = new Map<string, HistoryAnswer>();
	#bytes = 0;

	/** Answers that are sent in pieces are made anew each time. */
	get(key: string, make: () => HistoryAnswer): HistoryAnswer {
		const known = this.#answers.get(key);
		if (known !== undefined) {
			// The oldest is the first to go.
			this.#answers.delete(key);
			this.#answers.set(key, known);
			return known;
		}

		const answer = make();
		if (
			typeof answer.body === 'string' &&
			answer.body.length <= MAX_ANSWER_BYTES &&
			Object.keys(answer.headers ?? {}).length === 0
		) {
			this.#answers.set(key, answer);
			this.#bytes += answer.body.length + key.length;
			this.#shrink();
		}

		return answer;
	}

	#shrink(): void {
		for (const [key, {body}] of this.#answers) {
			if (this.#bytes <= MAX_BYTES) return;
			this.#answers.delete(key);
			this.#bytes -= (body as string).length + key.length;
		}
	}
}
