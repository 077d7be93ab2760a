import {expect, it} from 'vitest';
import {describeExposure} from '../../../../src/server/auth/describe-exposure.js';

const key = {id: 'key', sha256: 'ab'};

it.each([
	['127.0.0.1', [], false],
	['localhost', [], false],
	['::1', [], false],
	['0.0.0.0', [], true],
	['::', [], true],
	['192.168.1.5', [], true],
	['example.org', [], true],
	['0.0.0.0', [key], false],
])('warns of %s with the keys %j: %s', (host, apiKeys, warns) => {
	const warning = describeExposure({host, apiKeys});
	if (warns) expect(warning).toContain('--api-key');
	else expect(warning).toBeUndefined();
});
