import {InfinisstError} from '../../core/errors.js';

const MAX_ADDRESS_CHARACTERS = 2048;

/**
 * A video's address, as far as it can be judged by itself.
 *
 * @param allowedHosts - subdomains of them count too.
 * @returns without its fragment, in which yt-dlp would look for messages to itself.
 * @throws {InfinisstError} `OPTION_INVALID`, also for a host that is not allowed.
 */
export function parseVideoAddress(text: string, allowedHosts: readonly string[]): URL {
	const trimmed = text.trim();
	if (trimmed.length > MAX_ADDRESS_CHARACTERS || !URL.canParse(trimmed)) {
		throw new InfinisstError('OPTION_INVALID', 'The url is no web address', {
			hint: 'Give one that begins with https://.',
		});
	}

	const url = new URL(trimmed);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw new InfinisstError('OPTION_INVALID', `Addresses of ${url.protocol} are not fetched`, {
			hint: 'Give one that begins with https://.',
		});
	}

	if (url.username !== '' || url.password !== '') {
		throw new InfinisstError('OPTION_INVALID', 'The url holds a user name', {hint: 'Leave it out.'});
	}

	assertHostAllowed(url.hostname, allowedHosts);
	url.hash = '';
	return url;
}

/** @throws {InfinisstError} `OPTION_INVALID`. */
export function assertHostAllowed(host: string, allowedHosts: readonly string[]): void {
	const name = normaliseHost(host);
	const isAllowed = allowedHosts.some(allowed => {
		const suffix = normaliseHost(allowed);
		return name === suffix || name.endsWith(`.${suffix}`);
	});
	if (isAllowed) return;
	throw new InfinisstError('OPTION_INVALID', `Videos of ${name} are not fetched here`, {
		hint: `Allowed are: ${allowedHosts.join(', ')}. Whoever runs the server can add others to youtube.allowedHosts.`,
	});
}

function normaliseHost(host: string): string {
	return host.toLowerCase().replace(/\.$/, '');
}
