import type {LatencyMultiplier, ReplicaStatistics} from '../../src/core/engine/engine.js';

/** Text of which the program says that it is final. */
export interface NewText {
	readonly text: string;
	/** End of the audio that it was heard in, from the session's first sample; undefined where it is not told. */
	readonly endMs: number | undefined;
	/** Audio that had been listened to; undefined where it is not told. */
	readonly audioMs: number | undefined;
}

/** What a client learns at once. */
export interface LiveUpdate {
	/** Characters at the transcript's end that are taken back before `finals` are added; ours never does. */
	readonly retractedCharacters: number;
	readonly finals: readonly NewText[];
	/** What is shown after the finals and may change; undefined leaves it as it was. */
	readonly tail: string | undefined;
}

/** One speaker's way through a program. */
export interface LiveStream {
	/** Ends when all that was written is final. */
	readonly updates: AsyncIterable<LiveUpdate>;
	/** @param samples - mono at 16 kHz; belong to the stream from now on. */
	write(samples: Float32Array): Promise<void>;
	end(): void;
	destroy(): void;
}

export type LiveTask = 'transcribe' | 'translate';

export interface StreamOptions {
	readonly language: string;
	/** Captions, or English. */
	readonly task: LiveTask;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly pace: 'paced' | 'unpaced';
}

/** What a program has used since it was started. */
export interface Usage {
	/** Of all its threads and processes, without the clients. */
	readonly engineCpuMs: number;
	/** Of the thread that plays the clients and carries their audio to the program. */
	readonly clientCpuMs: number;
	/** Memory it holds now. */
	readonly residentBytes: number;
}

/** A program that translates live, ready to take sessions. */
export interface LiveContestant {
	readonly name: string;
	/** Version and settings, one line under a table. */
	readonly description: string;
	openStream(options: StreamOptions): Promise<LiveStream>;
	usage(): Promise<Usage>;
	/** Undefined where the program tells none. */
	statistics(): Promise<readonly ReplicaStatistics[] | undefined>;
	/** @param maxBatchSize - sessions decoded together; undefined for the default. Undefined where it has no such thing. */
	readonly setMaxBatchSize: ((maxBatchSize: number | undefined) => Promise<void>) | undefined;
	close(): Promise<void>;
}
