import type {WebSocket} from 'ws';

const excuses = new WeakMap<WebSocket, () => boolean>();

/**
 * A socket may send nothing while `isExcused` says so: it only listens, or waits for its turn. All others are closed
 * after `limits.idleSocketMs`.
 */
export function excuseSilence(socket: WebSocket, isExcused: () => boolean): void {
	excuses.set(socket, isExcused);
}

export function isSilenceExcused(socket: WebSocket): boolean {
	return excuses.get(socket)?.() ?? false;
}
