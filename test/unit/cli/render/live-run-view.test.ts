import {describe, expect, it, vi} from 'vitest';

import {createLiveRunView} from '../../../../src/cli/render/live-run-view.js';
import type {RecordingStatus} from '../../../../src/cli/render/run-status.js';
import {createFakeContext} from '../../../helpers/fake-context.js';

const status: RecordingStatus = {
	kind: 'recording',
	name: 'talk.wav',
	position: 1,
	count: 1,
	processedMs: 200_000,
	durationMs: 600_000,
	elapsedMs: 20_000,
	language: 'German',
};

// Ink, when it is loaded, looks here and draws nothing in continuous integration.
vi.stubEnv('CI', 'false');

/** Ink takes a third of a second to load, on a busy machine longer. */
const WAIT = {timeout: 30_000};

function openView() {
	const context = createFakeContext();
	context.stdout.isTTY = true;
	context.stderr.isTTY = true;
	context.stderr.columns = 80;
	return {context, view: createLiveRunView(context, {color: false})};
}

describe('createLiveRunView', () => {
	it('draws nothing in the first second', async () => {
		const {context, view} = openView();
		view.update(status);
		context.clock.advance(999);
		await view.close();
		context.clock.advance(1000);
		expect(context.stderr.text).toBe('');
	});

	it('draws the last status from then on', async () => {
		const {context, view} = openView();
		view.update(status);
		context.clock.advance(1000);
		// Closed before that, it would rightly draw nothing.
		await vi.waitFor(() => expect(context.stderr.text).toContain('talk.wav (German)'), WAIT);
		await view.close();
		expect(context.stderr.text).toContain(
			'████████░░░░░░░░░░░░░░░░  33 % 3:20 of 10:00, 10x real time, 0:40 left',
		);
	});

	it('prints results on the standard output, whole lines only, as what is drawn would cut them', async () => {
		const {context, view} = openView();
		await view.printResult('{"segments":[');
		expect(context.stdout.text).toBe('');
		await view.printResult('\n{"id":0}');
		expect(context.stdout.text).toBe('{"segments":[\n');
		await view.close();
		expect(context.stdout.text).toBe('{"segments":[\n{"id":0}');
	});

	it('prints results at once where the standard output is no terminal', async () => {
		const {context, view} = openView();
		context.stdout.isTTY = false;
		await view.printResult('{"segments":[');
		expect(context.stdout.text).toBe('{"segments":[');
		await view.close();
	});

	it('prints sentences above what is drawn', async () => {
		const {context, view} = openView();
		view.printNotice('one');
		view.update(status);
		context.clock.advance(1000);
		view.printSummary('two');
		await view.close();
		expect(context.stderr.text).toMatch(/^one\ntwo\n/);
	});
});
