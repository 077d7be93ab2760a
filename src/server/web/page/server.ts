/** Where the key is kept: until the tab is closed. */
const KEY_NAME = 'infinisst-key';

export function readKey(): string | undefined {
	return sessionStorage.getItem(KEY_NAME) ?? undefined;
}

export function keepKey(key: string): void {
	sessionStorage.setItem(KEY_NAME, key);
}

/** What `GET /languages` tells of a pair. */
export interface LanguagePair {
	/** For people: `German -> English`. */
	readonly language_pair: string;
	readonly source: string;
	readonly target: string;
	readonly status: 'loaded' | 'available' | 'needs_download';
	readonly download_bytes: number;
}

/** The server wants a key, or another one. */
export class KeyWanted extends Error {
	override readonly name = 'KeyWanted';
}

/** @throws {KeyWanted} */
export async function fetchPairs(): Promise<readonly LanguagePair[]> {
	const key = readKey();
	const response = await fetch(
		'languages',
		key === undefined ? {} : {headers: {authorization: `Bearer ${key}`}},
	);
	if (response.status === 401) throw new KeyWanted();
	if (!response.ok)
		throw new Error(`The server answers ${response.status} when it is asked for its languages.`);
	const {pairs} = (await response.json()) as {readonly pairs: readonly LanguagePair[]};
	return pairs;
}

/** Of the server that the page came from. */
export function streamUrl(): string {
	const url = new URL('v1/stream', location.href);
	url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
	url.search = '';
	url.hash = '';
	return url.href;
}

/** Subprotocols that carry the key. */
export function keyProtocols(): readonly string[] {
	const key = readKey();
	return key === undefined ? [] : [`infinisst.key.${key}`];
}
