import {describe, expect, it} from 'vitest';
import {isPublicAddress, resolvePublicAddresses} from '../../../../src/server/media/public-address.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';

describe('isPublicAddress', () => {
	it.each(['93.184.216.34', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:2800:220:1:248:1893:25c8:1946'])(
		'takes %s',
		address => expect(isPublicAddress(address)).toBe(true),
	);

	it.each([
		...['127.0.0.1', '127.255.255.255', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
		...[
			'169.254.169.254',
			'100.64.0.1',
			'100.127.255.255',
			'192.0.0.1',
			'192.0.2.1',
			'198.18.0.1',
			'198.51.100.7',
		],
		...['203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
		...[
			'::',
			'::1',
			'::ffff:127.0.0.1',
			'::ffff:8.8.8.8',
			'::127.0.0.1',
			'fe80::1',
			'fe80::1%eth0',
			'fc00::1',
			'fd12::1',
		],
		...[
			'64:ff9b::7f00:1',
			'2002:7f00:1::',
			'2001:0:7f00:1::',
			'ff02::1',
			'2001:db8::1',
			'100::1',
			'not an address',
			'',
		],
	])('refuses %s', address => expect(isPublicAddress(address)).toBe(false));
});

describe('resolvePublicAddresses', () => {
	const rules = (...addresses: string[]) => ({
		allowPrivateAddresses: false,
		lookup: () => Promise.resolve(addresses),
	});

	it('refuses a name that has one address inside among others', async () => {
		const error = await catchRejection(
			resolvePublicAddresses('videos.test', rules('93.184.216.34', '10.0.0.1')),
		);
		expect(error).toMatchObject({code: 'OPTION_INVALID'});
	});

	it('gives all addresses of a name on the internet', async () => {
		const addresses = ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'];
		expect(await resolvePublicAddresses('videos.test', rules(...addresses))).toEqual(addresses);
	});

	it('asks nobody about an address', async () => {
		const error = await catchRejection(resolvePublicAddresses('[::1]', rules('93.184.216.34')));
		expect(error).toMatchObject({code: 'OPTION_INVALID'});
	});

	it('says so when nobody has the name', async () => {
		const error = await catchRejection(resolvePublicAddresses('videos.test', rules()));
		expect(error).toMatchObject({code: 'INPUT_UNREADABLE'});
	});
});
