import {describe, it} from 'vitest';

/**
 * Stands for a suite that cannot run here. One skipped test, so that it is counted: a suite without tests
 * would leave no trace, and continuous integration takes a skipped test for a failure.
 *
 * @param requirement - for people: `ffmpeg`.
 */
export function skipSuite(title: string, requirement: string): void {
	describe(title, () => {
		it.skip(`(needs ${requirement})`, () => undefined);
	});
}
