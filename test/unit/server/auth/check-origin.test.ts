import {describe, expect, it} from 'vitest';
import {
	isHostAllowed,
	isLocalApplication,
	isOriginAllowed,
} from '../../../../src/server/auth/check-origin.js';

describe('isOriginAllowed()', () => {
	it.each([
		['no browser', undefined, '127.0.0.1:8000', [], true],
		['the own page', 'http://127.0.0.1:8000', '127.0.0.1:8000', [], true],
		['the own page behind TLS', 'https://example.org', 'example.org', [], true],
		['the own page with a port that goes without saying', 'http://example.org', 'example.org:80', [], true],
		['another port', 'http://127.0.0.1:9000', '127.0.0.1:8000', [], false],
		['another site', 'https://evil.example', '127.0.0.1:8000', [], false],
		['a site whose name begins alike', 'http://127.0.0.1:8000.evil.example', '127.0.0.1:8000', [], false],
		['a page without origin', 'null', '127.0.0.1:8000', [], false],
		['nonsense', 'http://', '127.0.0.1:8000', [], false],
		['no host', 'http://127.0.0.1:8000', undefined, [], false],
		['a site that was named', 'https://app.example', '127.0.0.1:8000', ['https://app.example'], true],
		[
			'a site that was named with another scheme',
			'http://app.example',
			'127.0.0.1:8000',
			['https://app.example'],
			false,
		],
		['any site if all are', 'https://evil.example', '127.0.0.1:8000', ['*'], true],
		['a page from a file, named', 'file://', '127.0.0.1:8000', ['file://'], true],
	])('judges %s', (_title, origin, host, allowed, isAllowed) => {
		expect(isOriginAllowed(origin, host, allowed)).toBe(isAllowed);
	});
});

describe('isLocalApplication()', () => {
	it.each([
		['an application of this machine', 'file://', '127.0.0.1', '127.0.0.1:8000', true],
		['one that says localhost', 'file://', '::1', 'localhost:8000', true],
		['one over version 6', 'file://', '::1', '[::1]:8000', true],
		['one over version 4 as seen by version 6', 'file://', '::ffff:127.0.0.1', '127.0.0.1', true],
		['a page in a sandboxed frame', 'null', '127.0.0.1', '127.0.0.1:8000', false],
		['a page of the web', 'https://evil.example', '127.0.0.1', '127.0.0.1:8000', false],
		['a host named file', 'file://evil.example', '127.0.0.1', '127.0.0.1:8000', false],
		['another machine', 'file://', '192.0.2.7', '192.0.2.1:8000', false],
		['another machine that says localhost', 'file://', '192.0.2.7', 'localhost:8000', false],
		['a name that somebody points here', 'file://', '127.0.0.1', 'evil.example:8000', false],
		['no origin', undefined, '127.0.0.1', '127.0.0.1:8000', false],
		['no host', 'file://', '127.0.0.1', undefined, false],
	])('judges %s', (_title, origin, address, host, isLocal) => {
		expect(isLocalApplication(origin, address, host)).toBe(isLocal);
	});
});

describe('isHostAllowed()', () => {
	it.each([
		['the address', '127.0.0.1:8000', '127.0.0.1', [], true],
		['another address of this machine', '127.8.8.8:8000', '127.0.0.1', [], true],
		['localhost', 'localhost:8000', '127.0.0.1', [], true],
		['a name below localhost', 'app.localhost', '127.0.0.1', [], true],
		['version 6', '[::1]:8000', '::1', [], true],
		['a name that somebody points here', 'evil.example:8000', '127.0.0.1', [], false],
		['a name that begins like the address', '127.0.0.1.evil.example', '127.0.0.1', [], false],
		['no host', undefined, '127.0.0.1', [], false],
		['a name that was named', 'app.example', '127.0.0.1', ['https://app.example'], true],
		['any name of a server for all', 'evil.example', '0.0.0.0', [], true],
	])('judges %s', (_title, host, boundTo, allowed, isAllowed) => {
		expect(isHostAllowed(host, boundTo, allowed)).toBe(isAllowed);
	});
});
