import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

/** Where the history is mounted. */
export const HISTORY_PATH = '/history';

/** Answers what is asked below `HISTORY_PATH`: Ray's API, pages, and heads of clusters that are alive (docs/history.md). */
export interface MountedHistory {
	/** Sends the whole answer of a GET or HEAD, however long that takes. Never rejects. */
	answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
	/**
	 * Passes on a request for another protocol, such as a web socket of a live cluster; the answer comes over the socket,
	 * which ends with it.
	 *
	 * @param socket - belongs to the history from now on.
	 * @param rest - what came after the request.
	 */
	upgrade(request: IncomingMessage, socket: Socket, rest: Buffer): void;
	/** Ends what is passed on to live clusters, which may never end by itself. */
	endLive(): Promise<void>;
	/** Ends what is being sent. Idempotent. */
	close(): Promise<void>;
}
