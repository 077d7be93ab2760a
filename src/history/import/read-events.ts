import {mapOrdered} from '../../core/util/map-ordered.js';
import {startThread, type ThreadHandle} from '../../core/util/thread-call.js';
import {EventDecoder, type DecodedEvents, type EventFile} from './event-decoder.js';

/** Smaller files are decoded where they are read: a thread would take longer to start. */
const MIN_THREAD_BYTES = 2 * 1024 * 1024;

/** Bytes that go to the thread at once. */
const BLOCK_BYTES = 1024 * 1024;

/** What the thread has to do while a transaction keeps the reader from reading on. */
const BLOCKS_AHEAD = 10;

/**
 * The events of a batch outlive each collection of young objects, which copies them: the fewer of these, the
 * better. A third of the processor's time went there with the 16 MB that are usual.
 */
const THREAD_LIMITS = {maxYoungGenerationSizeMb: 64};

export interface ReadEventsOptions extends EventFile {
	/** As it lies in the storage, maybe compressed. */
	readonly sizeBytes: number;
	/** What a fault in reading says of the file, if it is the file's; undefined for other faults, which are thrown. */
	readonly describeFault: (error: unknown) => string | undefined;
}

/**
 * Decodes files of events in a thread of its own, ahead of whoever writes them: half the work of an import is
 * on either side.
 */
export class EventReader {
	#thread: ThreadHandle | undefined;

	/** Ends with events, or with none where the file has no more; a fault of the file is one of its damages. */
	async *read(
		source: AsyncIterable<Uint8Array>,
		{path, linesRead, sizeBytes, describeFault}: ReadEventsOptions,
	): AsyncGenerator<DecodedEvents, void, undefined> {
		const file = {path, linesRead};
		const decode = sizeBytes < MIN_THREAD_BYTES ? decodeHere(file) : this.#decodeInThread(file);
		let fault: string | undefined;
		try {
			for await (const whole of decode.push(source)) yield* whole;
		} catch (error) {
			fault = describeFault(error);
			if (fault === undefined) throw error;
		}

		yield* await decode.end(fault);
	}

	/** Idempotent. */
	async close(): Promise<void> {
		await this.#thread?.close();
	}

	#decodeInThread(file: EventFile): Decoding {
		const thread = (this.#thread ??= startThread(
			import.meta.resolve('./decode-thread.js'),
			undefined,
			THREAD_LIMITS,
		));
		const begun = thread.call('begin', file);
		begun.catch(() => undefined);
		return {
			async *push(source) {
				await begun;
				yield* mapOrdered(
					toBlocks(source),
					BLOCKS_AHEAD,
					block => thread.call('push', block, {transfer: [block.buffer]}) as Promise<DecodedEvents[]>,
				);
			},
			end: fault => thread.call('end', fault) as Promise<DecodedEvents[]>,
		};
	}
}

interface Decoding {
	push(source: AsyncIterable<Uint8Array>): AsyncIterable<readonly DecodedEvents[]>;
	end(fault: string | undefined): Promise<readonly DecodedEvents[]>;
}

function decodeHere(file: EventFile): Decoding {
	const decoder = new EventDecoder(file);
	return {
		async *push(source) {
			for await (const chunk of source) yield decoder.push(chunk);
		},
		end: fault => Promise.resolve(decoder.end(fault)),
	};
}

/** Blocks with memory of their own, which can be given away. */
async function* toBlocks(
	source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
	let block = new Uint8Array(BLOCK_BYTES);
	let length = 0;
	for await (const chunk of source) {
		for (let start = 0; start < chunk.length;) {
			const part = chunk.subarray(start, start + BLOCK_BYTES - length);
			block.set(part, length);
			length += part.length;
			start += part.length;
			if (length < BLOCK_BYTES) continue;
			yield block;
			block = new Uint8Array(BLOCK_BYTES);
			length = 0;
		}
	}

	if (length > 0) yield block.slice(0, length);
}
