import type {ServerSettings} from '../server-settings.js';
import {isLoopback} from './is-loopback.js';

/** A warning for who starts a server that everybody who reaches the machine can use; undefined for all others. */
export function describeExposure({
	host,
	apiKeys,
}: Pick<ServerSettings, 'host' | 'apiKeys'>): string | undefined {
	if (apiKeys.length > 0 || isLoopback(host)) return undefined;
	return `Anybody who reaches ${host} can use this server: it has no key. Set one with --api-key or INFINISST_API_KEYS.`;
}
