import type {IncomingMessage, ServerResponse} from 'node:http';

/** Where the history is mounted. */
export const HISTORY_PATH = '/history';

/** Answers what is asked below `HISTORY_PATH`: Ray's API, and pages (docs/history.md). */
export interface MountedHistory {
	/** Sends the whole answer of a GET or HEAD, however long that takes. Never rejects. */
	answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
	/** Ends what is being sent. Idempotent. */
	close(): Promise<void>;
}
