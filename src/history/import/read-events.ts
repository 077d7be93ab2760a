import {mapOrdered} from '../../core/util/map-ordered.js';
import {startThread, type ThreadHandle} from '../../core/util/thread-call.js';
import {joinEventGroups, type EventGroup} from '../ingest/event-batch.js';
import {cutLines, type LineBlock} from './cut-lines.js';
import type {EventLines} from './decode-lines.js';
import {EventDecoder, type DecodedEvents, type EventFile} from './event-decoder.js';
import {isBlank} from './split-json.js';

/** Smaller files are decoded where they are read: threads would take longer to start. */
const MIN_THREAD_BYTES = 2 * 1024 * 1024;

/** Decoding is two thirds of the work of an import, and writing the rest. */
const DECODERS = 2;

/**
 * Bytes that go to a thread at once. All events of a block are held until it is folded: small blocks die
 * young, where those of many megabytes are copied again and again by the collection of young objects.
 */
const BLOCK_BYTES = 256 * 1024;

/** What the threads have to do while a transaction keeps the reader from reading on. */
const BLOCKS_AHEAD = 24;

/** Little of a block outlives a collection: more room would only cost memory. */
const THREAD_LIMITS = {maxYoungGenerationSizeMb: 16};

/**
 * Events that are written in one transaction. More of them cost memory; fewer cost time, as the keys of
 * tasks lie all over an index, so that each transaction writes most of its pages anew.
 */
const BATCH_EVENTS = 18_000;

/** Text that is written in one transaction, where events are long: some of them hold whole stacks. */
const BATCH_BYTES = 20 * 1024 * 1024;

export interface ReadEventsOptions extends EventFile {
	/** As it lies in the storage, maybe compressed. */
	readonly sizeBytes: number;
	/** What a fault in reading says of the file, if it is the file's; undefined for other faults, which are thrown. */
	readonly describeFault: (error: unknown) => string | undefined;
}

/** Decodes files of events, large ones in threads, ahead of whoever writes them. */
export class EventReader {
	#decoders: readonly Decoder[] | undefined;

	/** Ends with events, or with none where the file has no more; a fault of the file is one of its damages. */
	async *read(
		source: AsyncIterable<Uint8Array>,
		{path, linesRead, sizeBytes, describeFault}: ReadEventsOptions,
	): AsyncGenerator<DecodedEvents, void, undefined> {
		const file = {path, linesRead};
		let decoding: Decoding = new DecodingHere(file);
		let fault: string | undefined;
		try {
			const {isArray, bytes} = await begin(source);
			// Where an element of an array ends is known only to whoever has read all before it.
			if (sizeBytes >= MIN_THREAD_BYTES && !isArray) {
				this.#decoders ??= Array.from({length: DECODERS}, () => new Decoder());
				decoding = new DecodingInThreads(file, this.#decoders);
			}

			yield* decoding.decode(bytes);
		} catch (error) {
			fault = describeFault(error);
			if (fault === undefined) throw error;
		}

		yield* decoding.end(fault);
	}

	/** Idempotent. */
	async close(): Promise<void> {
		await Promise.all((this.#decoders ?? []).map(decoder => decoder.close()));
	}
}

interface Decoding {
	decode(source: AsyncIterable<Uint8Array>): AsyncIterable<DecodedEvents>;
	/** @param fault - why there is no more, where the file broke off. */
	end(fault: string | undefined): Iterable<DecodedEvents>;
}

class DecodingHere implements Decoding {
	readonly #decoder: EventDecoder;

	constructor(file: EventFile) {
		this.#decoder = new EventDecoder(file);
	}

	async *decode(source: AsyncIterable<Uint8Array>): AsyncGenerator<DecodedEvents, void, undefined> {
		for await (const chunk of source) yield* this.#decoder.push(chunk);
	}

	end(fault: string | undefined): Iterable<DecodedEvents> {
		return this.#decoder.end(fault);
	}
}

interface DecodedBlock {
	readonly events: EventGroup;
	readonly lastLine: number;
	readonly sizeBytes: number;
}

class DecodingInThreads implements Decoding {
	readonly #file: EventFile;
	readonly #decoders: readonly Decoder[];
	#blocks: DecodedBlock[] = [];
	#linesRead: number;

	constructor(file: EventFile, decoders: readonly Decoder[]) {
		this.#file = file;
		this.#decoders = decoders;
		this.#linesRead = file.linesRead;
	}

	async *decode(source: AsyncIterable<Uint8Array>): AsyncGenerator<DecodedEvents, void, undefined> {
		const blocks = cutLines(source, {linesRead: this.#linesRead, blockBytes: BLOCK_BYTES});
		let count = 0;
		let sizeBytes = 0;
		for await (const block of mapOrdered(blocks, BLOCKS_AHEAD, item => this.#decodeBlock(item))) {
			this.#blocks.push(block);
			this.#linesRead = block.lastLine;
			count += block.events.eventCount + block.events.damages.length;
			sizeBytes += block.sizeBytes;
			if (count < BATCH_EVENTS && sizeBytes < BATCH_BYTES) continue;
			yield this.#cut(false);
			count = 0;
			sizeBytes = 0;
		}
	}

	end(fault: string | undefined): Iterable<DecodedEvents> {
		if (fault !== undefined) {
			this.#blocks.push(this.#makeDamage(this.#linesRead, `after line ${this.#linesRead}`, fault));
		}

		return [this.#cut(true)];
	}

	async #decodeBlock(block: LineBlock): Promise<DecodedBlock> {
		const {lastLine} = block;
		if (block.type === 'damage') return this.#makeDamage(lastLine, `line ${lastLine}`, block.reason);
		const {firstLine, bytes} = block;
		const sizeBytes = bytes.length;
		const [first, ...others] = this.#decoders;
		const idlest = others.reduce((least, decoder) => (decoder.load < least.load ? decoder : least), first!);
		return {
			events: await idlest.decode({path: this.#file.path, firstLine, bytes}),
			lastLine,
			sizeBytes,
		};
	}

	#makeDamage(lastLine: number, place: string, reason: string): DecodedBlock {
		const damages = [{source: this.#file.path, place, reason}];
		return {events: {...joinEventGroups([]), damages}, lastLine, sizeBytes: 0};
	}

	#cut(isLast: boolean): DecodedEvents {
		const events = joinEventGroups(this.#blocks.map(block => block.events));
		this.#blocks = [];
		return {events, linesRead: this.#linesRead, isLast};
	}
}

/** A thread that decodes one block after the other. */
class Decoder {
	readonly #thread: ThreadHandle = startThread(
		import.meta.resolve('./decode-thread.js'),
		undefined,
		THREAD_LIMITS,
	);

	/** Blocks it has to decode yet. */
	load = 0;

	async decode(lines: EventLines & {readonly bytes: Uint8Array<ArrayBuffer>}): Promise<EventGroup> {
		this.load += 1;
		try {
			return (await this.#thread.call('decode', lines, {transfer: [lines.bytes.buffer]})) as EventGroup;
		} finally {
			this.load -= 1;
		}
	}

	close(): Promise<void> {
		return this.#thread.close();
	}
}

/** Looks at the first byte that is not blank; what comes before it is left out. */
async function begin(
	source: AsyncIterable<Uint8Array>,
): Promise<{readonly isArray: boolean; readonly bytes: AsyncIterable<Uint8Array>}> {
	const iterator = source[Symbol.asyncIterator]();
	for (;;) {
		const step = await iterator.next();
		if (step.done === true) return {isArray: false, bytes: goOn(new Uint8Array(), iterator)};
		const start = step.value.findIndex(byte => !isBlank(byte));
		if (start < 0) continue;
		return {isArray: step.value[start] === 0x5b, bytes: goOn(step.value.subarray(start), iterator)};
	}
}

async function* goOn(
	first: Uint8Array,
	iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
	yield first;
	for await (const chunk of {[Symbol.asyncIterator]: () => iterator}) yield chunk;
}
