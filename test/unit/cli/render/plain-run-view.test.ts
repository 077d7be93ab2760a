import {describe, expect, it} from 'vitest';

import {createPlainRunView} from '../../../../src/cli/render/plain-run-view.js';
import {createFakeContext} from '../../../helpers/fake-context.js';

/** A status every second for half a minute. */
function watch(quiet: boolean): string[] {
	const context = createFakeContext();
	const view = createPlainRunView(context, {quiet});
	for (let second = 1; second <= 30; second++) {
		context.clock.advance(1000);
		view.update({
			kind: 'recording',
			name: 'a.wav',
			position: 1,
			count: 1,
			processedMs: second * 10_000,
			durationMs: 600_000,
			elapsedMs: second * 1000,
			language: undefined,
		});
	}

	view.printSummary('done');
	view.printNotice('but look at this');
	return context.stderr.lines;
}

describe('createPlainRunView', () => {
	it('prints a line after five seconds and every ten seconds then', () => {
		expect(watch(false)).toEqual([
			'a.wav: 8 %, 0:50 of 10:00, 10x real time, 0:55 left',
			'a.wav: 25 %, 2:30 of 10:00, 10x real time, 0:45 left',
			'a.wav: 41 %, 4:10 of 10:00, 10x real time, 0:35 left',
			'done',
			'but look at this',
		]);
	});

	it('prints only what is no progress with quiet', () => {
		expect(watch(true)).toEqual(['but look at this']);
	});
});
