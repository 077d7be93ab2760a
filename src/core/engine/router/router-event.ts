/** What happened to the replicas, for logs. */
export type RouterEvent =
	| {readonly type: 'replica-started'; readonly id: string}
	| {
			readonly type: 'replica-lost';
			readonly id: string;
			/** That it served. */
			readonly sessions: number;
			readonly cause: unknown;
	  }
	/** It will be tried again. */
	| {readonly type: 'replica-start-failed'; readonly id: string; readonly cause: unknown}
	/** A session goes on elsewhere. */
	| {
			readonly type: 'session-reopened';
			readonly session: string;
			/** The replica. */
			readonly id: string;
			/** From the loss of its replica until it had been told again what that had not yet made final. */
			readonly pauseMs: number;
			/** Its replica was not lost: it was told to leave it. */
			readonly isMoved: boolean;
	  }
	/** It took its replicas down and was ended. */
	| {readonly type: 'session-condemned'; readonly session: string}
	/** No replica can be kept running: all that ran or waited was ended. */
	| {readonly type: 'router-failed'; readonly cause: unknown};
