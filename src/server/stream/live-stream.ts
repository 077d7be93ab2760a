import type {SessionOptions} from '../../core/engine/engine.js';
import type {SessionEvent} from '../../core/session/session-event.js';
import {StreamEvents, type StreamEvent} from '../../core/session/stream-event.js';
import type {
	ClientMessage,
	SavedPosition,
	ServerMessage,
	StreamPosition,
} from '../../core/session/stream-protocol.js';
import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {GlossaryBudget} from '../sessions/glossary-budget.js';
import type {HostedEvent, HostedSession} from '../sessions/session-host.js';
import {AudioIntake, readAudioMessage} from './audio-intake.js';
import {closeCodeOf, describeFailure} from './describe-failure.js';
import {EventLog} from './event-log.js';
import type {ArchivedFacts, ArchivedFinal, ArchivedStream, StreamArchive} from './stream-archive.js';

/** What a session is told by its client, in the order in which it was sent. */
export type StreamInput =
	| {readonly type: 'audio'; readonly bytes: Uint8Array}
	| Extract<ClientMessage, {type: 'session.update' | 'flush' | 'end'}>
	/** What cannot be taken: only the reason counts. */
	| {readonly type: 'refused'; readonly reason: InfinisstError};

/** The socket that a client has just now. */
export interface StreamConnection {
	/** There is something to read in the log, or the stream is over. */
	wake(): void;
	/** Another goes on with the stream. */
	replace(): void;
}

export interface LiveStreamParts {
	readonly facts: ArchivedFacts;
	readonly session: HostedSession;
	/** Told with `session.created`; undefined for a stream that goes on from the archive. */
	readonly creation:
		{readonly facts: Readonly<Record<string, unknown>>; readonly kept: Promise<void>} | undefined;
	/** As it was, with the number of the last event the client has. */
	readonly archived: {readonly stream: ArchivedStream; readonly lastSeq: number} | undefined;
	readonly archive: StreamArchive;
	readonly clock: Clock;
	/** Wall clock, ms since 1970. */
	readonly nowMs: () => number;
	/** A message was left out, with the code of the reason. */
	readonly onRefused: (code: string) => void;
	/** Called once, when the session is over. */
	readonly onOver: (stream: LiveStream) => void;
	/** What could not be kept: for the log. */
	readonly onFault: (error: unknown) => void;
}

/** What is told together, when all of an update is there. */
interface UpdateDraft {
	readonly told: ServerMessage[];
	finals: number;
	segments: number;
}

/**
 * A session with a client that comes and goes: the log of what the client is told, and the count of what it has said.
 * Both go on whatever becomes of a socket.
 */
export class LiveStream {
	readonly id: string;
	readonly tokenHash: string;
	readonly owner: string | undefined;
	readonly session: HostedSession;
	readonly log: EventLog;
	readonly #parts: LiveStreamParts;
	readonly #events: StreamEvents;
	readonly #startedMs: number;
	readonly #intake: AudioIntake;
	/** Of the runs before this one. */
	readonly #before: {readonly finals: number; readonly segments: number; readonly characters: number};
	#connection: StreamConnection | undefined;
	/** Ends what keeps the session while its client waits for a place. */
	#release: (() => void) | undefined;
	#commands: number;
	/** At 16 kHz. */
	#writtenSamples: number;
	/** Where the engine's counts begin, if the session was reset. */
	#origin = {sample: 0, command: 0};
	#saved: SavedPosition;
	/** As the archive has them. */
	#savedOptions: SessionOptions;
	readonly #glossaries = new GlossaryBudget();
	/** Events of the update that is being told. */
	#update: UpdateDraft | undefined;
	#finals: number;
	#segments: number;
	#sourceLanguage: string | null;
	#writing: Promise<void> = Promise.resolve();
	#hasEnded = false;
	/** Set when the session is over: what the socket is closed with. */
	#closeCode: number | undefined;

	constructor(parts: LiveStreamParts) {
		const {facts, session, creation, archived, clock, nowMs} = parts;
		const firstSample = archived?.stream.checkpoint?.firstSample ?? 0;
		this.id = facts.id;
		this.tokenHash = facts.tokenHash;
		this.owner = facts.owner;
		this.session = session;
		this.#parts = parts;
		this.#startedMs = clock.nowMs() - (nowMs() - facts.createdAtMs);
		this.#intake = new AudioIntake(facts.sampleRateHz, firstSample);
		this.#commands = archived?.stream.checkpoint?.commands ?? 0;
		this.#writtenSamples = firstSample;
		this.#saved = {saved_samples: this.#intake.receivedSamples, saved_commands: this.#commands};
		this.#savedOptions = session.optionsAtCheckpoint;
		this.#sourceLanguage = archived?.stream.sourceLanguage ?? null;
		this.#finals = archived?.stream.finals.length ?? 0;
		this.#segments = archived?.stream.segments ?? 0;
		this.#before = {
			finals: this.#finals,
			segments: this.#segments,
			characters: (archived?.stream.finals ?? []).reduce(
				(sum, {json}) => sum + readFinal(json).text.length,
				0,
			),
		};
		this.#events = new StreamEvents({
			elapsedMs: () => this.elapsedMs,
			sourceLanguage: this.#sourceLanguage ?? session.options.sourceLanguage,
			words: session.options.words ?? false,
		});
		this.log = new EventLog(archived === undefined ? 0 : archived.lastSeq + 1);
		if (creation !== undefined) this.#create(creation);
		if (archived !== undefined) this.#continue(archived.stream, archived.lastSeq);
		session.subscribe(event => this.#take(event));
	}

	/** Wall time since the session began. */
	get elapsedMs(): number {
		return Math.max(0, this.#parts.clock.nowMs() - this.#startedMs);
	}

	/** How much of what the client sent was taken. */
	get position(): StreamPosition {
		return {received_samples: this.#intake.receivedSamples, received_commands: this.#commands};
	}

	/** How much of it nobody need keep any more. */
	get saved(): SavedPosition {
		return this.#saved;
	}

	/** Whether nobody ever said anything. */
	get isUnused(): boolean {
		return this.#writtenSamples === 0 && this.#commands === 0;
	}

	/** Whether nothing is translated yet. */
	get isWaiting(): boolean {
		const {status} = this.session.progress;
		return status === 'initializing' || status === 'queued';
	}

	get isConnected(): boolean {
		return this.#connection !== undefined;
	}

	/** What a socket is closed with when it has sent the log; undefined as long as the session runs. */
	get closeCode(): number | undefined {
		return this.#closeCode;
	}

	/** The socket takes the place of another. */
	connect(connection: StreamConnection): void {
		const replaced = this.#connection;
		this.#connection = connection;
		this.session.touch();
		this.#keepWhileWaiting();
		replaced?.replace();
	}

	disconnect(connection: StreamConnection): void {
		if (this.#connection !== connection) return;
		this.#connection = undefined;
		this.#keepWhileWaiting();
	}

	/**
	 * Does what the client says. Resolves when there is room for more. Never rejects: what is refused is told as an event.
	 *
	 * @param signal - fires when the client is gone.
	 */
	async take(connection: StreamConnection, input: StreamInput, signal: AbortSignal): Promise<void> {
		// A socket that was cut may have left a write behind.
		await this.#writing;
		if (this.#connection !== connection || this.#closeCode !== undefined) return;
		this.#writing = this.#obey(input, signal).catch((error: unknown) => {
			// What ended the session is told when it closes.
			if (this.session.progress.status !== 'ended') this.#refuse(error);
		});
		await this.#writing;
	}

	/** Tells the client something that is no word of the session. */
	tellError(error: unknown, isFatal = false): void {
		const {code, message} = describeFailure(error);
		this.log.append(this.#events.error(code, message, isFatal));
		this.#connection?.wake();
	}

	async #obey(input: StreamInput, signal: AbortSignal): Promise<void> {
		if (input.type === 'refused') throw input.reason;
		if (this.#hasEnded) {
			throw new InfinisstError('RESOURCE_CLOSED', 'The stream takes no more after "end"', {
				hint: 'Open another for more audio.',
			});
		}

		switch (input.type) {
			case 'audio':
				await this.#write(readAudioMessage(input.bytes, this.#parts.facts.format), signal);
				return;
			case 'session.update':
				this.#change(input);
				return;
			case 'flush':
				this.#commands++;
				this.session.flush();
				return;
			case 'end':
				this.#commands++;
				await this.#end(signal);
		}
	}

	#change({
		latency_multiplier: latencyMultiplier,
		glossary,
	}: Extract<StreamInput, {type: 'session.update'}>): void {
		if (glossary !== undefined) this.#glossaries.take(glossary);
		this.#commands++;
		this.session.change({
			...(latencyMultiplier !== undefined && {latencyMultiplier}),
			...(glossary !== undefined && {glossary}),
		});
		const now = this.session.options;
		this.#tell({
			...this.#stamp(),
			type: 'session.updated',
			latency_multiplier: now.latencyMultiplier ?? 2,
			glossary_terms: now.glossary?.length ?? 0,
		});
	}

	async #write(samples: Float32Array, signal: AbortSignal): Promise<void> {
		const heard = this.#intake.push(samples);
		this.#writtenSamples += heard.length;
		try {
			await this.session.write(heard, signal);
		} catch (error) {
			if (!InfinisstError.is(error, 'LIMIT_EXCEEDED') || this.session.progress.status === 'ended')
				throw error;
			this.#refuse(error);
			await this.#end(signal);
		}
	}

	/** What was taken before becomes final. */
	async #end(signal: AbortSignal): Promise<void> {
		this.#hasEnded = true;
		const rest = this.#intake.flush();
		if (rest.length > 0) {
			this.#writtenSamples += rest.length;
			// If it is over a limit, the end does not hang on it.
			await this.session.write(rest, signal).catch(() => undefined);
		}
		this.session.end();
	}

	#refuse(error: unknown): void {
		if (InfinisstError.is(error)) this.#parts.onRefused(error.code);
		else this.#parts.onFault(error);
		this.tellError(error);
	}

	#create({facts: creation, kept}: NonNullable<LiveStreamParts['creation']>): void {
		const {options} = this.session;
		const {sourceLanguage, targets, latencyMultiplier = 2} = options;
		const facts = {
			model: this.#parts.facts.model,
			source_language: sourceLanguage,
			targets,
			latency_multiplier: latencyMultiplier,
		};
		// Whoever knows the token can come back with it, whatever becomes of the server.
		this.#releaseWhen(kept, this.log.hold());
		this.#tell(this.#events.created(facts, creation));
		if (this.session.progress.status !== 'active') this.#tellProgress();
	}

	/** Tells what the client lacks of the finals before. They get new numbers, after the last that it has. */
	#continue({finals, checkpoint, segments, sourceLanguage}: ArchivedStream, lastSeq: number): void {
		if (this.session.progress.status !== 'active') this.#tellProgress();
		const lacking = finals.filter(({seq}) => seq > lastSeq);
		const release = this.log.hold();
		for (const {json} of lacking) this.log.append(readFinal(json));
		const numbered = this.log.number();
		const renumbered = lacking.map((final, index) => ({...final, seq: numbered[index]!.seq}));
		if (renumbered.length === 0 || checkpoint === undefined) release();
		else this.#save({finals: renumbered, checkpoint, segments, sourceLanguage}, release);
	}

	#take(event: HostedEvent): void {
		switch (event.type) {
			case 'progress':
				this.#keepWhileWaiting();
				if (event.status !== 'ended') this.#tellProgress();
				return;
			case 'session-reset':
				this.#finishUpdate();
				this.#origin = {sample: this.#writtenSamples, command: this.#commands};
				// What was kept would bring back what shall be forgotten.
				this.#parts.archive.forget(this.id);
				this.#tell({...this.#stamp(), type: 'session.reset'});
				return;
			case 'session-closed':
				this.#finishUpdate();
				this.#close(event.cause);
				return;
			case 'stretch-ended':
				this.#note({...this.#stamp(), type: 'flushed', audio_ms: Math.round(event.audioMs)}, event);
				return;
			case 'text-final':
			case 'text-partial':
			case 'segment-ended':
			case 'language-detected':
			case 'lag-measured':
			case 'warning-raised':
			case 'session-ended':
				for (const told of this.#events.of(event)) this.#note(told, event);
				if (event.type === 'segment-ended') this.#openUpdate().segments++;
		}
	}

	#note(told: ServerMessage, event: SessionEvent): void {
		const update = this.#openUpdate();
		if (event.type === 'text-final') update.finals++;
		if (told.type === 'lag') this.#sourceLanguage = told.source_language;
		update.told.push(told.type === 'usage' ? this.#addBefore(told) : told);
	}

	#openUpdate(): UpdateDraft {
		if (this.#update === undefined) {
			this.#update = {told: [], finals: 0, segments: 0};
			queueMicrotask(() => this.#finishUpdate());
		}
		return this.#update;
	}

	#finishUpdate(): void {
		const update = this.#update;
		this.#update = undefined;
		if (update === undefined) return;
		const {checkpoint} = this.session;
		this.#segments += update.segments;
		const reached = checkpoint === undefined ? this.#saved : this.#positionOf(checkpoint);
		// A final is not sent before it was saved: then an archive always knows what a client knows.
		const release = update.finals === 0 ? undefined : this.log.hold();
		// As long as it is not saved, nobody shall forget the audio for it.
		const saved = release === undefined ? this.#saved : reached;
		for (const told of update.told) {
			this.log.append(told.type === 'lag' ? {...told, ...this.position, ...saved} : told);
		}
		const finals = release === undefined ? [] : this.#numberFinals();
		if (checkpoint === undefined) {
			release?.();
			this.#connection?.wake();
		} else {
			this.#save(
				{finals, checkpoint, segments: this.#segments, sourceLanguage: this.#sourceLanguage},
				release,
				reached,
			);
			if (release === undefined) this.#connection?.wake();
		}
	}

	#numberFinals(): readonly ArchivedFinal[] {
		return this.log
			.number()
			.filter(({type}) => type === 'final')
			.map(event => ({ordinal: this.#finals++, seq: event.seq, json: JSON.stringify(event)}));
	}

	#save(
		update: Parameters<StreamArchive['save']>[1],
		release: (() => void) | undefined,
		reached = this.#saved,
	): void {
		const {optionsAtCheckpoint: options} = this.session;
		const isChanged = options !== this.#savedOptions;
		this.#savedOptions = options;
		const saved = this.#parts.archive
			.save(this.id, isChanged ? {...update, options} : update)
			.then(() => void (this.#saved = reached));
		this.#releaseWhen(saved, release);
	}

	#releaseWhen(kept: Promise<void>, release: (() => void) | undefined): void {
		kept
			// A full disk must not stop a speaker: after a restart the session is lost, now it goes on.
			.catch((error: unknown) => this.#parts.onFault(error))
			.finally(() => {
				release?.();
				this.#connection?.wake();
			});
	}

	#positionOf({
		firstSample,
		commands,
	}: {
		readonly firstSample: number;
		readonly commands: number;
	}): SavedPosition {
		return {
			saved_samples: this.#intake.startOf(this.#origin.sample + firstSample),
			saved_commands: this.#origin.command + commands,
		};
	}

	#addBefore(usage: Extract<StreamEvent, {type: 'usage'}>): StreamEvent {
		const {finals, segments, characters} = this.#before;
		return {
			...usage,
			finals: usage.finals + finals,
			segments: usage.segments + segments,
			characters: usage.characters + characters,
		};
	}

	#close(cause: unknown): void {
		if (cause !== undefined) {
			const {code, message} = describeFailure(cause);
			if (code === null) this.#parts.onFault(cause);
			this.log.append(this.#events.error(code, message, true));
		}
		// Whoever did not ask for the end learns that the server has gone away.
		this.#closeCode = cause === undefined ? (this.#hasEnded ? 1000 : 1001) : closeCodeOf(cause);
		this.#parts.onOver(this);
		this.#connection?.wake();
	}

	/** Whoever waits for a place need not say anything. */
	#keepWhileWaiting(): void {
		if (this.#connection !== undefined && this.isWaiting) {
			this.#release ??= this.session.keep();
			return;
		}
		this.#release?.();
		this.#release = undefined;
	}

	#tellProgress(): void {
		const {status, queuePosition, etaMs, activity} = this.session.progress;
		this.#tell({
			...this.#stamp(),
			type: 'session.progress',
			status,
			queue_position: queuePosition,
			eta_ms: etaMs === undefined ? null : Math.round(etaMs),
			activity: activity ?? null,
		});
	}

	#tell(message: ServerMessage): void {
		this.log.append(message);
		this.#connection?.wake();
	}

	#stamp(): {seq: number; at_ms: number} {
		return {seq: 0, at_ms: Math.round(this.elapsedMs)};
	}
}

function readFinal(json: string): Extract<StreamEvent, {type: 'final'}> {
	return JSON.parse(json) as Extract<StreamEvent, {type: 'final'}>;
}
