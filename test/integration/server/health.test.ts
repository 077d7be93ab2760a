import {expect, it} from 'vitest';
import {openTestServer} from '../../helpers/open-test-server.js';

it('is ready once the configured models are loaded, and alive before', async () => {
	const server = await openTestServer({models: {models: [{name: 'slow', isLoaded: false}]}});
	expect((await fetch(`${server.url}/livez`)).status).toBe(200);
	const before = await fetch(`${server.url}/readyz`);
	expect(before.status).toBe(503);
	expect(await before.json()).toMatchObject({
		status: 'loading',
		models: [{name: 'slow', state: 'available'}],
	});

	const loading = server.models.load('slow');
	await server.models.finishLoading('slow');
	await loading;
	const after = await fetch(`${server.url}/readyz`);
	expect(after.status).toBe(200);
	expect(await after.json()).toEqual({status: 'ready', models: [{name: 'slow', state: 'loaded'}]});
});
