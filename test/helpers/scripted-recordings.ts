import {readFile} from 'node:fs/promises';
import {InfinisstError} from '../../src/core/errors.js';
import type {
	RecordingRequest,
	RecordingTranslator,
} from '../../src/core/translation/process/recording-translator.js';
import type {TranslationEvent} from '../../src/core/translation/translation-event.js';
import {createDeferred, type Deferred} from '../../src/core/util/deferred.js';
import {makeSegment} from './make-segment.js';

/** A recording that a scripted translator was given. */
export interface ScriptedRun {
	readonly recording: RecordingRequest;
	/** What lay at its path. */
	readonly content: string;
	readonly signal: AbortSignal | undefined;
	/** Says one more sentence. */
	say(text: string): void;
	finish(): void;
	fail(error: unknown): void;
}

export interface ScriptedRecordings {
	readonly open: () => Promise<RecordingTranslator>;
	/** In the order of their begin. */
	readonly runs: readonly ScriptedRun[];
	/** Resolves when so many have begun. */
	begun(count: number): Promise<ScriptedRun>;
	/** How many translators were opened, and closed or destroyed. */
	readonly opened: number;
	readonly closed: number;
	/** Ends the process of the newest translator. */
	crash(): void;
}

/** Translators of recordings that say what a test tells them to. */
export function createScriptedRecordings(): ScriptedRecordings {
	const runs: ScriptedRun[] = [];
	const waiting = new Set<() => void>();
	let opened = 0;
	let closed = 0;
	let crash = (): void => undefined;

	function open(): Promise<RecordingTranslator> {
		opened++;
		const gone = createDeferred();
		const failures = new Set<(error: unknown) => void>();
		crash = () => {
			for (const fail of failures) fail(new InfinisstError('REPLICA_LOST', 'The process ended'));
			gone.resolve();
		};
		const end = (): Promise<void> => {
			closed++;
			gone.resolve();
			return Promise.resolve();
		};
		return Promise.resolve({
			gone: gone.promise,
			close: end,
			destroy: end,
			async *translate(recording, signal): AsyncGenerator<TranslationEvent, void> {
				const content = await readFile(recording.path, 'utf8');
				const events: (TranslationEvent | {readonly error: unknown})[] = [];
				let news: Deferred<void> = createDeferred();
				let segments = 0;
				const push = (event: (typeof events)[number]): void => {
					events.push(event);
					news.resolve();
				};
				const fail = (error: unknown): void => push({error});
				failures.add(fail);
				const run: ScriptedRun = {
					recording,
					content,
					signal,
					fail,
					say: text => {
						const index = segments++;
						const startMs = index * 2000;
						push({
							type: 'segment-final',
							segment: makeSegment({index, text, startMs, endMs: startMs + 2000, sourceLanguage: 'en'}),
						});
					},
					finish: () => push({type: 'translation-ended', audioMs: segments * 2000, segments}),
				};
				runs.push(run);
				for (const check of [...waiting]) check();
				signal?.addEventListener('abort', () => fail(signal.reason), {once: true});
				try {
					yield {type: 'language-detected', language: 'en', probability: 0.9};
					for (;;) {
						const event = events.shift();
						if (event === undefined) {
							news = createDeferred();
							await news.promise;
						} else if ('error' in event) throw event.error;
						else {
							yield event;
							if (event.type === 'translation-ended') return;
						}
					}
				} finally {
					failures.delete(fail);
				}
			},
		});
	}

	return {
		open,
		runs,
		get opened() {
			return opened;
		},
		get closed() {
			return closed;
		},
		crash: () => crash(),
		begun: count =>
			new Promise(resolve => {
				const check = (): void => {
					const run = runs[count - 1];
					if (run === undefined) return;
					waiting.delete(check);
					resolve(run);
				};
				waiting.add(check);
				check();
			}),
	};
}
