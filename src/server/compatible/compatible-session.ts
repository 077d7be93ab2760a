import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import {unitOfLanguage} from '../../core/language/language-table.js';
import {InfinisstError} from '../../core/errors.js';
import {createDeferred} from '../../core/util/deferred.js';
import type {HostedEvent, HostedSession} from '../sessions/session-host.js';
import {DelayLog} from './evaluation/delay-log.js';
import {MessageLine} from './wss/message-line.js';

/** Whoever is connected to a session over a socket. */
export interface SessionClient {
	/** Another socket has taken its place. */
	replaced(): void;
}

/** What was said up to an end of file, and whether its client knows. */
export interface CompletedStretch {
	/** Of each target, in their order. */
	readonly texts: readonly string[];
}

/** What this API knows of a session, beyond what every session has. Lives as long as the session, not as its sockets. */
export class CompatibleSession {
	readonly hosted: HostedSession;
	/** What is written, at least one. */
	readonly targets: readonly string[];
	/** What its sockets sent. */
	readonly line = new MessageLine();
	/** Stretches that were completed and not yet told, oldest first. */
	readonly completed: CompletedStretch[] = [];
	readonly #nowMs: () => number;
	#client: SessionClient | undefined;
	#evaluation: DelayLog | undefined;
	/** Audio listened to, ms. */
	#heardMs = 0;
	#resets = 0;
	/** The next one will be another stretch's. */
	#isStretchOver = false;
	/** Settled when a stretch has ended, or never will. */
	#stretchEnd = createDeferred();

	/** @param nowMs - wall time. */
	constructor(hosted: HostedSession, nowMs: () => number) {
		this.hosted = hosted;
		this.targets = hosted.options.targets;
		this.#nowMs = nowMs;
		hosted.subscribe(event => this.#note(event));
	}

	/**
	 * The text of a target so far, as clients are sent it; that of the last stretch until something is said in the next.
	 * With several targets its language stands before it, as in `[de] Guten Tag`. Empty as long as nothing was said.
	 */
	text(target: string): string {
		const text = this.hosted.text(target).final.trim();
		return text === '' || this.targets.length === 1 ? text : `[${this.#languageOf(target)}] ${text}`;
	}

	/** Whether {@link text} is that of a stretch that was completed. */
	get isStretchOver(): boolean {
		return this.#isStretchOver;
	}

	/** How often it was begun anew. */
	get resets(): number {
		return this.#resets;
	}

	/** Delays of its units; undefined unless they were asked for. */
	get evaluation(): DelayLog | undefined {
		return this.#evaluation;
	}

	/**
	 * Notes delays from now on.
	 *
	 * @throws {InfinisstError} `OPTION_INVALID` with several targets.
	 */
	evaluate(): void {
		if (this.targets.length > 1) throw severalTargetsError();
		this.#evaluation ??= new DelayLog({
			target: this.targets[0]!,
			unit: this.unit,
			startMs: this.#heardMs,
			nowMs: this.#nowMs,
		});
	}

	/** What its text is counted in. */
	get unit(): 'word' | 'character' {
		return unitOfLanguage(this.#languageOf(this.targets[0]!));
	}

	/** Puts a client in the place of the one there was. */
	connect(client: SessionClient): void {
		const before = this.#client;
		this.#client = client;
		before?.replaced();
	}

	disconnect(client: SessionClient): void {
		if (this.#client === client) this.#client = undefined;
	}

	/** @param signal - fires when whoever writes is gone. @throws what `HostedSession.write()` throws. */
	async write(samples: Float32Array, signal: AbortSignal): Promise<void> {
		this.#evaluation?.noteAudio((samples.length / SAMPLE_RATE_HZ) * 1000);
		await this.hosted.write(samples, signal);
	}

	/** Resolves when all that was written is translated, or never will be. */
	async completeStretch(): Promise<void> {
		this.hosted.flush();
		if (this.hosted.progress.status !== 'ended') await this.#stretchEnd.promise;
	}

	#note(event: HostedEvent): void {
		switch (event.type) {
			case 'progress':
				return;
			case 'session-reset':
				this.#resets++;
				this.#heardMs = 0;
				this.#isStretchOver = false;
				this.completed.length = 0;
				this.#evaluation?.clear();
				this.#settleStretch();
				return;
			case 'session-closed':
				this.#settleStretch();
				return;
			case 'stretch-ended':
				this.#heardMs = event.audioMs;
				this.#isStretchOver = true;
				this.completed.push({texts: this.targets.map(target => this.text(target))});
				this.#settleStretch();
				break;
			case 'lag-measured':
				this.#heardMs = event.audioMs;
				break;
			case 'text-final':
				this.#isStretchOver = false;
				break;
			case 'text-partial':
			case 'segment-ended':
			case 'language-detected':
			case 'warning-raised':
			case 'session-ended':
		}
		this.#evaluation?.note(event);
	}

	/** A code; `same` for captions of whatever is spoken. */
	#languageOf(target: string): string {
		const {sourceLanguage} = this.hosted.options;
		return target === 'same' && sourceLanguage !== 'auto' ? sourceLanguage : target;
	}

	#settleStretch(): void {
		this.#stretchEnd.resolve();
		this.#stretchEnd = createDeferred();
	}
}

/** Delays are those of one text. */
export function severalTargetsError(): InfinisstError {
	return new InfinisstError('OPTION_INVALID', 'Delays are noted for sessions with one target', {
		hint: 'Open a session for each language, with evaluation_mode=true.',
	});
}
