import {expect, it} from 'vitest';

import {compareSettings} from '../../../../src/server/config/compare-settings.js';
import {DEFAULT_SERVER_SETTINGS} from '../../../../src/server/default-server-settings.js';

it('takes over what can change while a server runs, and names what cannot', () => {
	const before = DEFAULT_SERVER_SETTINGS;
	const after = {
		...before,
		port: 9000,
		logLevel: 'debug' as const,
		apiKeys: [{id: 'office', sha256: 'a'.repeat(64)}],
		limits: {...before.limits, maxSessions: 4, bodyBytes: 2048},
		batching: {...before.batching, maxBatchSize: 8},
	};
	const {settings, changed, needRestart} = compareSettings(before, after);
	expect(changed).toEqual(['batching.maxBatchSize', 'limits.maxSessions', 'apiKeys', 'logLevel']);
	expect(needRestart).toEqual(['port', 'limits.bodyBytes']);
	expect(settings).toEqual({
		...after,
		port: before.port,
		limits: {...after.limits, bodyBytes: before.limits.bodyBytes},
	});
});

it('finds nothing where nothing has changed', () => {
	expect(compareSettings(DEFAULT_SERVER_SETTINGS, structuredClone(DEFAULT_SERVER_SETTINGS))).toEqual({
		settings: DEFAULT_SERVER_SETTINGS,
		changed: [],
		needRestart: [],
	});
});
