import {describe, expect, it} from 'vitest';

import {
	formatSocketAddress,
	isLocalAddress,
	parseSocketAddress,
} from '../../../../../src/core/engine/transport/socket-address.js';
import {catchError} from '../../../../helpers/catch-error.js';

describe('parseSocketAddress()', () => {
	it.each([
		['127.0.0.1:7000', {host: '127.0.0.1', port: 7000}, true],
		['localhost:0', {host: 'localhost', port: 0}, true],
		['[::1]:7000', {host: '::1', port: 7000}, true],
		['worker-3.example:65535', {host: 'worker-3.example', port: 65_535}, false],
		['0.0.0.0:7000', {host: '0.0.0.0', port: 7000}, false],
		['unix:/run/a b:c.sock', {path: '/run/a b:c.sock'}, true],
	])('reads %s, which can be written again', (text, address, isLocal) => {
		expect(parseSocketAddress(text)).toEqual(address);
		expect(formatSocketAddress(parseSocketAddress(text))).toBe(text);
		expect(isLocalAddress(address)).toBe(isLocal);
	});

	it.each([
		'',
		'7000',
		':7000',
		'host',
		'host:',
		'host:65536',
		'host:70x',
		'unix:',
		'http://host:70',
		'::1:7000',
	])('refuses "%s"', text => {
		expect(catchError(() => parseSocketAddress(text))).toMatchObject({
			code: 'OPTION_INVALID',
			message: `"${text}" is no address`,
		});
	});
});
