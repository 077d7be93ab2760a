import {isIP} from 'node:net';

import ipaddr from 'ipaddr.js';

/** Whether only this machine is reached by the name or address; without brackets or port. */
export function isLoopback(host: string): boolean {
	const name = host.toLowerCase().replace(/\.$/, '');
	if (name === 'localhost' || name.endsWith('.localhost')) return true;
	return isIP(name) !== 0 && ipaddr.process(name).range() === 'loopback';
}
