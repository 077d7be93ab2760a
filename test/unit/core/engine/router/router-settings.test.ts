import {describe, expect, it} from 'vitest';

import {
	changeRouterSettings,
	DEFAULT_ROUTER_SETTINGS,
	type RouterSettings,
} from '../../../../../src/core/engine/router/router-settings.js';
import {catchError} from '../../../../helpers/catch-error.js';

describe('changeRouterSettings', () => {
	it('changes what is named and keeps the rest', () => {
		expect(changeRouterSettings(DEFAULT_ROUTER_SETTINGS, {maxQueued: 0, maxSessions: 8})).toEqual({
			...DEFAULT_ROUTER_SETTINGS,
			maxQueued: 0,
			maxSessions: 8,
		});
	});

	it.each<[Partial<RouterSettings>, string]>([
		[{maxSessions: 0}, 'maxSessions must be a whole number, 1 or more, or Infinity, not 0'],
		[
			{maxSessionsPerReplica: 2.5},
			'maxSessionsPerReplica must be a whole number, 1 or more, or Infinity, not 2.5',
		],
		[{maxQueued: -1}, 'maxQueued must be a whole number, 0 or more, or Infinity, not -1'],
		[{maxQueued: Number.NaN}, 'maxQueued must be a whole number, 0 or more, or Infinity, not NaN'],
		[{loadBalanceStrategy: 'random' as 'round_robin'}, 'There is no strategy "random" to balance load'],
	])('refuses %o', (change, message) => {
		const error = catchError(() => changeRouterSettings(DEFAULT_ROUTER_SETTINGS, change));
		expect(error).toMatchObject({code: 'OPTION_INVALID', message});
	});
});
