/** What fetching, importing and building a model reports on its way. Fatal faults throw. */
export type ModelEvent =
	/** A source is being asked; `source` is for people: "Hugging Face hub, Systran/faster-whisper-base". */
	| {readonly type: 'source-tried'; readonly model: string; readonly source: string}
	/** The source did not deliver; the next one is tried, or the call throws if there is none. */
	| {readonly type: 'source-failed'; readonly model: string; readonly source: string; readonly reason: string}
	/** `totalBytes` is undefined while the size is not known. Bytes of an earlier, interrupted run count. */
	| {
			readonly type: 'file-progressed';
			readonly model: string;
			readonly file: string;
			readonly receivedBytes: number;
			readonly totalBytes: number | undefined;
	  }
	/** All bytes are there and have the hash they must have. */
	| {
			readonly type: 'file-completed';
			readonly model: string;
			readonly file: string;
			readonly sizeBytes: number;
	  }
	/** A request failed and is made again after `delayMs`. */
	| {
			readonly type: 'request-retried';
			readonly model: string;
			readonly file: string;
			readonly attempt: number;
			readonly delayMs: number;
			readonly reason: string;
	  }
	/** Another process works on this model; we wait for it. */
	| {readonly type: 'lock-awaited'; readonly model: string; readonly holder: string}
	/** Fetched or imported, verified, and under its final name. */
	| {
			readonly type: 'model-installed';
			readonly model: string;
			readonly sizeBytes: number;
			readonly directory: string;
	  }
	/** It was there already; nothing was fetched. */
	| {readonly type: 'model-found'; readonly model: string; readonly directory: string}
	/** `fraction` is 0..1. */
	| {
			readonly type: 'graphs-progressed';
			readonly model: string;
			readonly precision: string;
			readonly fraction: number;
	  }
	| {
			readonly type: 'graphs-built';
			readonly model: string;
			readonly precision: string;
			readonly sizeBytes: number;
			readonly directory: string;
	  };

export type ModelEventListener = (event: ModelEvent) => void;
