import {describe, expect, it} from 'vitest';

import {assertDevice} from '../../src/core/models/assert-device.js';
import {catchRejection} from '../helpers/catch-rejection.js';

describe('assertDevice', () => {
	it.each(['auto', 'cpu'] as const)('accepts %s, which every machine has', async device => {
		await expect(assertDevice(device)).resolves.toBeUndefined();
	});

	it('refuses cuda where its library is not installed', async () => {
		expect(await catchRejection(assertDevice('cuda'))).toMatchObject({
			code: 'DEVICE_UNAVAILABLE',
			message: 'The device "cuda" cannot be used on this machine',
		});
	});

	it('stops when it is told to', async () => {
		const reason = new Error('enough');
		await expect(assertDevice('webgpu', AbortSignal.abort(reason))).rejects.toBe(reason);
	});
});
