import {lookup as systemLookup} from 'node:dns/promises';

import ipaddr from 'ipaddr.js';

import {InfinisstError} from '../../core/errors.js';

/** All addresses of a host, as the system resolves it. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export const lookupAll: Lookup = async host => {
	const found = await systemLookup(host, {all: true});
	return found.map(({address}) => address);
};

/**
 * Whether an address is one of the internet at large: not of this machine, of its network, of a provider's inner network,
 * reserved, for groups, or a disguise of such (IPv4 within IPv6, tunnels).
 *
 * @param address - IPv4 or IPv6; false for what is neither.
 */
export function isPublicAddress(address: string): boolean {
	// A zone belongs to a link.
	if (!ipaddr.isValid(address) || address.includes('%')) return false;
	// Of the ranges that registries set aside "unicast" is none; translated and tunnelled ones are named, too.
	return ipaddr.parse(address).range() === 'unicast';
}

export interface AddressRules {
	readonly allowPrivateAddresses: boolean;
	readonly lookup: Lookup;
}

/**
 * The addresses to connect to for a host, at least one. A host that has any address inside is refused as a whole: which of them counts may
 * change from one question to the next.
 *
 * @param host - a name, or an address (IPv6 with or without brackets).
 * @throws {InfinisstError} `OPTION_INVALID`; `INPUT_UNREADABLE` when nobody has this name.
 */
export async function resolvePublicAddresses(
	host: string,
	{allowPrivateAddresses, lookup}: AddressRules,
): Promise<readonly string[]> {
	const bare = host.replace(/^\[(.*)\]$/, '$1');
	const addresses = ipaddr.isValid(bare) ? [bare] : await resolveName(bare, lookup);
	const isAllowed = allowPrivateAddresses || addresses.every(isPublicAddress);
	if (!isAllowed) {
		throw new InfinisstError('OPTION_INVALID', `${bare} is an address inside a network, which is refused`, {
			hint: 'Name a video on the internet.',
		});
	}
	return addresses;
}

async function resolveName(name: string, lookup: Lookup): Promise<readonly string[]> {
	const addresses = await lookup(name).catch(() => []);
	if (addresses.length > 0) return addresses;
	throw new InfinisstError('INPUT_UNREADABLE', `There is no host "${name}"`, {hint: 'Check the address.'});
}
