import type {Transferable} from 'node:worker_threads';

/** Messages between two ends that may be in different threads or processes. They arrive in order, each once. */
export interface Channel {
	/** Buffers can be moved; without, all is copied while it is being posted. */
	readonly movesBuffers: boolean;
	/**
	 * Sends plain data. A closed channel drops it.
	 *
	 * @param transfer - buffers that may be moved instead of being copied; they are lost to the sender.
	 * @throws {InfinisstError} `INTERNAL_FAULT` for what cannot be sent.
	 */
	post(message: unknown, transfer?: readonly Transferable[]): void;
	/** Takes what comes, and came before. To be called once. */
	listen(listener: ChannelListener): void;
	/** What was posted before still arrives. Idempotent. */
	close(): void;
}

export interface ChannelListener {
	onMessage(message: unknown): void;
	/**
	 * Nothing comes any more. Called once, whichever end closed it.
	 *
	 * @param cause - why, where it broke.
	 */
	onClose(cause?: unknown): void;
}
