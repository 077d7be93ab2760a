import type {Clock} from '../../src/core/util/clock.js';
import {FlickerCount} from './flicker.js';
import type {LiveStream} from './live-stream.js';

const SAMPLES_PER_MS = 16;

/** Final text as a client got it. Times from the session's first sample; `atMs` is wall time. */
export interface ReceivedText {
	readonly text: string;
	readonly endMs: number | undefined;
	readonly audioMs: number | undefined;
	readonly atMs: number;
}

export interface ClientRecord {
	/** In order; joined, the transcript. */
	readonly finals: readonly ReceivedText[];
	readonly audioMs: number;
	/** From the first sample to the last update. */
	readonly wallMs: number;
	/** The most that a block was written after its time: the program took no more, or the client was held up. */
	readonly worstDelayMs: number;
	readonly retractedCharacters: number;
	/** Of the text as it was shown, changeable tail included. */
	readonly flicker: FlickerCount;
	/** Whether the program said all there was to say in time. */
	readonly isComplete: boolean;
}

export interface ClientOptions {
	readonly stream: LiveStream;
	/** Mono at 16 kHz. */
	readonly samples: Float32Array;
	/** Code of the language that is written; decides what flickers, words or characters. */
	readonly language: string;
	/**
	 * `paced` writes each block when a microphone would have it; `unpaced` as fast as the program takes it, which says
	 * nothing of lag.
	 */
	readonly pace: 'paced' | 'unpaced';
	/** Audio in a block. @default 100 */
	readonly blockMs?: number;
	/** When the first sample is spoken, on the clock. @default now */
	readonly startAtMs?: number;
	/** How long to wait for the rest after the last sample. Without, as long as it takes. */
	readonly drainMs?: number;
	readonly clock: Clock;
}

/** When the last sample of some audio is sent: with the block that it is in. Blocks keep to the clock, however late they are. */
export function sentAtMs(audioMs: number, blockMs: number): number {
	return Math.ceil(audioMs / blockMs) * blockMs;
}

/** Plays one speaker to a program and notes what comes back, and when. */
export async function runClient({
	stream,
	samples,
	language,
	pace,
	blockMs = 100,
	clock,
	startAtMs = clock.nowMs(),
	drainMs,
}: ClientOptions): Promise<ClientRecord> {
	const finals: ReceivedText[] = [];
	const flicker = new FlickerCount(language);
	let retractedCharacters = 0;
	let worstDelayMs = 0;
	let tail = '';
	let transcript = '';
	let isComplete = true as boolean;

	const listen = async (): Promise<void> => {
		for await (const update of stream.updates) {
			const atMs = clock.nowMs() - startAtMs;
			retractedCharacters += update.retractedCharacters;
			takeBack(finals, update.retractedCharacters);
			transcript = transcript.slice(0, transcript.length - update.retractedCharacters);
			for (const final of update.finals) {
				finals.push({...final, atMs});
				transcript += final.text;
			}
			tail = update.tail ?? tail;
			flicker.show(transcript + tail);
		}
	};
	const write = async (): Promise<void> => {
		const blockSamples = blockMs * SAMPLES_PER_MS;
		for (let first = 0; first < samples.length; first += blockSamples) {
			if (pace === 'paced') {
				const dueMs = startAtMs + (first / blockSamples + 1) * blockMs;
				await waitUntil(clock, dueMs);
				worstDelayMs = Math.max(worstDelayMs, clock.nowMs() - dueMs);
			}
			await stream.write(samples.slice(first, first + blockSamples));
		}
		stream.end();
	};

	const listening = listen();
	// A stream that fails ends both; what it failed with is told by its updates.
	const writing = write().catch(() => undefined);
	await Promise.race([writing, listening]);
	const cancel =
		drainMs === undefined
			? undefined
			: clock.after(drainMs, () => {
					isComplete = false;
					stream.destroy();
				});
	try {
		await listening;
	} catch (error) {
		if (isComplete) throw error;
	} finally {
		cancel?.();
	}
	flicker.end(transcript);
	return {
		finals,
		audioMs: samples.length / SAMPLES_PER_MS,
		wallMs: clock.nowMs() - startAtMs,
		worstDelayMs,
		retractedCharacters,
		flicker,
		isComplete,
	};
}

/** The text a client ended with. */
export function transcriptOf({finals}: Pick<ClientRecord, 'finals'>): string {
	return finals.map(({text}) => text).join('');
}

async function waitUntil(clock: Clock, atMs: number): Promise<void> {
	const delayMs = atMs - clock.nowMs();
	if (delayMs > 0) await new Promise<void>(resolve => clock.after(delayMs, resolve));
}

function takeBack(finals: ReceivedText[], characters: number): void {
	for (let left = characters; left > 0 && finals.length > 0;) {
		const last = finals.pop()!;
		if (last.text.length > left) finals.push({...last, text: last.text.slice(0, -left)});
		left -= last.text.length;
	}
}
