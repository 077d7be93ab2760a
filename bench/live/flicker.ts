import {errorRateUnit} from '../../src/core/scoring/error-rate.js';

/**
 * Counts what a reader sees vanish: at each change of the shown text the units beyond the longest common beginning
 * with the text before. Words as they are written (Chinese: characters), so a comma that comes and goes counts.
 */
export class FlickerCount {
	readonly #unit: 'word' | 'character';
	#shown: readonly string[] = [];
	#erasedUnits = 0;
	#finalUnits = 0;

	/** @param language - code of the language that is written. */
	constructor(language: string) {
		this.#unit = errorRateUnit(language);
	}

	get erasedUnits(): number {
		return this.#erasedUnits;
	}

	/** Of the final text; known after `end()`. */
	get finalUnits(): number {
		return this.#finalUnits;
	}

	/** @param text - all that is shown now: final text and what may follow it. */
	show(text: string): void {
		const units = this.#split(text);
		let common = 0;
		while (common < units.length && units[common] === this.#shown[common]) common += 1;
		this.#erasedUnits += this.#shown.length - common;
		this.#shown = units;
	}

	/** @param transcript - the final text. */
	end(transcript: string): void {
		this.#finalUnits = this.#split(transcript).length;
	}

	#split(text: string): string[] {
		return this.#unit === 'word' ? text.split(/\s+/).filter(Boolean) : Array.from(text.trim());
	}
}

/** Normalised erasure: units erased for each unit of the final texts, all sessions summed before dividing. */
export function normalisedErasure(
	counts: readonly Pick<FlickerCount, 'erasedUnits' | 'finalUnits'>[],
): number {
	const sum = (key: 'erasedUnits' | 'finalUnits') => counts.reduce((total, count) => total + count[key], 0);
	return sum('erasedUnits') / sum('finalUnits');
}
