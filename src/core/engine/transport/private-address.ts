import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {SocketAddress} from './socket-address.js';

/** Most systems take no more than 103 bytes for the path of a socket; the random part of a folder's name has 6. */
const MAX_FOLDER_BYTES = 80;

export interface PrivateAddress {
	readonly address: SocketAddress;
	/** Leaves nothing behind. */
	remove(): Promise<void>;
}

/** An address for two programs of the same user: a socket in a folder that is closed to others, where there are such. */
export async function createPrivateAddress(): Promise<PrivateAddress> {
	const place = tmpdir();
	if (process.platform === 'win32' || Buffer.byteLength(place) > MAX_FOLDER_BYTES) {
		return {address: {host: '127.0.0.1', port: 0}, remove: () => Promise.resolve()};
	}

	const folder = await mkdtemp(join(place, 'infinisst-'));
	return {
		address: {path: join(folder, 'socket')},
		remove: () => rm(folder, {recursive: true, force: true}),
	};
}
