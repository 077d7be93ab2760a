import {InfinisstError} from '../../../core/errors.js';

/**
 * The address of a head's dashboard, as "http://head:8265" without a slash at its end.
 *
 * @param flag - that it was given to, such as "--ray-address".
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function parseHeadAddress(flag: string, text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
	if (url === undefined || !isHttp || url.search !== '' || url.hash !== '') {
		throw new InfinisstError(
			'OPTION_INVALID',
			`${flag} must be the address of a Ray dashboard, not ${JSON.stringify(text)}`,
			{
				hint: 'For example http://head:8265.',
			},
		);
	}

	// It is kept in the history and shown in messages.
	if (url.username !== '' || url.password !== '') {
		throw new InfinisstError('OPTION_INVALID', `${flag} must hold no password`, {
			hint: "Put Ray's token into a file, and name that.",
		});
	}

	return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
