import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import {unitOfLanguage} from '../../core/language/language-table.js';
import type {GlossaryEntry} from '../../core/engine/engine.js';
import {createDeferred} from '../../core/util/deferred.js';
import {GlossaryBudget} from '../sessions/glossary-budget.js';
import type {HostedEvent, HostedSession} from '../sessions/session-host.js';
import {DelayLog} from './evaluation/delay-log.js';
import type {TextUnit} from './evaluation/text-units.js';
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
	#evaluation: readonly DelayLog[] | undefined;
	readonly #glossaries = new GlossaryBudget();
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
		// The largest there is has less than all may have.
		this.#glossaries.take(hosted.options.glossary ?? []);
		hosted.subscribe(event => this.#note(event));
	}

	/**
	 * The text of a target so far, as clients are sent it; that of the last stretch until something is said in the next.
	 * With several targets its language stands before it, as in `[de] Guten Tag`. Empty as long as nothing was said.
	 */
	text(target: string): string {
		const text = this.hosted.text(target).final.trim();
		return text === '' || this.targets.length === 1 ? text : `[${this.languageOf(target)}] ${text}`;
	}

	/** Whether {@link text} is that of a stretch that was completed. */
	get isStretchOver(): boolean {
		return this.#isStretchOver;
	}

	/** How often it was begun anew. */
	get resets(): number {
		return this.#resets;
	}

	/** Delays of the units of each target, in their order; undefined unless they were asked for. */
	get evaluation(): readonly DelayLog[] | undefined {
		return this.#evaluation;
	}

	/** Notes delays from now on. */
	evaluate(): void {
		this.#evaluation ??= this.targets.map(
			target =>
				new DelayLog({
					target,
					unit: this.unitOf(target),
					startMs: this.#heardMs,
					nowMs: this.#nowMs,
				}),
		);
	}

	/** What a target is called before its text and in results: a code; `same` for captions of whatever is spoken. */
	languageOf(target: string): string {
		const {sourceLanguage} = this.hosted.options;
		return target === 'same' && sourceLanguage !== 'auto' ? sourceLanguage : target;
	}

	/** What the text of a target is counted in. */
	unitOf(target: string): TextUnit {
		return unitOfLanguage(this.languageOf(target));
	}

	/**
	 * Translates what is written from now on with this glossary in place of the one before; an empty one ends it.
	 *
	 * @throws {InfinisstError} `LIMIT_EXCEEDED` for more glossaries than a session may have.
	 */
	useGlossary(glossary: readonly GlossaryEntry[]): void {
		this.#glossaries.take(glossary);
		this.hosted.change({glossary});
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
		for (const log of this.#evaluation ?? []) log.noteAudio((samples.length / SAMPLE_RATE_HZ) * 1000);
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
				for (const log of this.#evaluation ?? []) log.clear();
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
		for (const log of this.#evaluation ?? []) log.note(event);
	}

	#settleStretch(): void {
		this.#stretchEnd.resolve();
		this.#stretchEnd = createDeferred();
	}
}
