import {randomBytes, randomUUID} from 'node:crypto';

import type {SessionOptions} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import type {StreamCreation, StreamFormat} from '../../core/session/stream-protocol.js';
import type {Clock} from '../../core/util/clock.js';
import {hashToken} from '../../core/util/hash-token.js';
import type {ServerSettings} from '../server-settings.js';
import type {OpenHostedSession, SessionHost} from '../sessions/session-host.js';
import {LiveStream} from './live-stream.js';
import type {SessionFeeds} from './session-feeds.js';
import type {ArchivedFacts, ArchivedStream, StreamArchive} from './stream-archive.js';

/**
 * A stream that nobody has used and nobody is connected to is given up after this: its client was cut before it knew
 * the token, or went away at once.
 */
const UNUSED_MS = 30_000;

export interface OpenStream {
	readonly options: SessionOptions;
	readonly model: string | undefined;
	readonly format: StreamFormat;
	readonly sampleRateHz: number;
	/** Id of the key. */
	readonly owner: string | undefined;
}

export interface StreamRegistryParts {
	readonly sessions: SessionHost;
	readonly settings: () => ServerSettings;
	readonly feeds: SessionFeeds;
	readonly archive: StreamArchive;
	readonly clock: Clock;
	/** Wall clock, ms since 1970. @default the system's */
	readonly nowMs?: () => number;
	readonly onRefused: (code: string) => void;
	readonly onFault: (error: unknown) => void;
}

/** The streams of a server, by what their clients know. */
export class StreamRegistry {
	readonly #parts: StreamRegistryParts;
	/** By the hash of the token. */
	readonly #streams = new Map<string, LiveStream>();
	/** Being looked for in the archive, by the hash of the token: whoever asks meanwhile gets the same. */
	readonly #reviving = new Map<string, Promise<LiveStream | undefined>>();

	constructor(parts: StreamRegistryParts) {
		this.#parts = parts;
	}

	/** @throws what `SessionHost.open()` throws. */
	open({options, model, format, sampleRateHz, owner}: OpenStream): LiveStream {
		const token = randomBytes(24).toString('base64url');
		const session = this.#parts.sessions.open({
			id: `stream-${randomUUID()}`,
			door: 'stream',
			options,
			...(model !== undefined && {model}),
			...(owner !== undefined && {owner}),
		});
		const facts: ArchivedFacts = {
			id: session.id,
			tokenHash: hashToken(token),
			owner,
			createdAtMs: this.#nowMs(),
			// The host has chosen one.
			model: session.model!,
			options: session.options,
			format,
			sampleRateHz,
		};
		const kept = this.#parts.archive.open(facts);
		const creation: StreamCreation = {
			session: session.id,
			resume_token: token,
			format,
			sample_rate: sampleRateHz,
			max_message_bytes: this.#parts.settings().limits.frameBytes,
		};
		return this.#add(
			new LiveStream({
				...this.#liveParts(),
				facts,
				session,
				creation: {facts: {...creation}, kept},
				archived: undefined,
			}),
		);
	}

	/**
	 * The stream that a token opens: one that is here, or one of before a restart.
	 *
	 * @param lastSeq - number of the last event that the client has, -1 for none.
	 * @throws {InfinisstError} `SESSION_UNKNOWN`; `OPTION_INVALID` for a number that was never given; what `SessionHost.open()` throws.
	 */
	async resume(token: string, lastSeq: number, owner: string | undefined): Promise<LiveStream> {
		const hash = hashToken(token);
		const stream = this.#streams.get(hash) ?? (await this.#reviveOnce(hash, lastSeq, owner));
		if (stream === undefined || stream.owner !== owner) {
			throw new InfinisstError('SESSION_UNKNOWN', 'The resume token opens no session here', {
				hint: 'It has ended, or was left for too long; open another.',
			});
		}

		if (lastSeq >= stream.log.endSeq) {
			throw new InfinisstError('OPTION_INVALID', `The stream has no event ${lastSeq} yet`, {
				hint: `Name the last event received, at most ${stream.log.endSeq - 1}.`,
			});
		}
		return stream;
	}

	/** Nobody is connected any more: a stream that was never used goes soon. */
	left(stream: LiveStream): void {
		if (!stream.isUnused || stream.closeCode !== undefined) return;
		this.#parts.clock.after(UNUSED_MS, () => {
			if (stream.isUnused && !stream.isConnected) this.abandon(stream);
		});
	}

	/** Its client said that it does not come back. */
	abandon(stream: LiveStream): void {
		this.#forget(stream);
		stream.session.destroy(
			new InfinisstError('RESOURCE_CLOSED', `The session ${stream.id} was left by its client`),
		);
	}

	/** Its client knows all there is. */
	finish(stream: LiveStream): void {
		this.#forget(stream);
	}

	#reviveOnce(
		tokenHash: string,
		lastSeq: number,
		owner: string | undefined,
	): Promise<LiveStream | undefined> {
		let reviving = this.#reviving.get(tokenHash);
		if (reviving === undefined) {
			reviving = this.#revive(tokenHash, lastSeq, owner).finally(() => this.#reviving.delete(tokenHash));
			this.#reviving.set(tokenHash, reviving);
		}
		return reviving;
	}

	async #revive(
		tokenHash: string,
		lastSeq: number,
		owner: string | undefined,
	): Promise<LiveStream | undefined> {
		const {archive, sessions, feeds} = this.#parts;
		const archived = await archive.find(tokenHash);
		if (archived === undefined || archived.owner !== owner) return undefined;
		const session = sessions.open(describeRevived(archived));
		const feed = feeds.find(session.id);
		for (const {json} of archived.finals) {
			const {target, text} = JSON.parse(json) as {target: string; text: string};
			feed?.precede(target, text);
		}
		return this.#add(
			new LiveStream({
				...this.#liveParts(),
				facts: archived,
				session,
				creation: undefined,
				archived: {stream: archived, lastSeq},
			}),
		);
	}

	#liveParts(): Pick<
		ConstructorParameters<typeof LiveStream>[0],
		'archive' | 'clock' | 'nowMs' | 'onRefused' | 'onFault' | 'onOver'
	> {
		const {archive, clock, onRefused, onFault} = this.#parts;
		return {
			archive,
			clock,
			nowMs: () => this.#nowMs(),
			onRefused,
			onFault,
			onOver: stream => this.#linger(stream),
		};
	}

	#add(stream: LiveStream): LiveStream {
		this.#streams.set(stream.tokenHash, stream);
		this.left(stream);
		return stream;
	}

	/** The session is over; its client may not know yet. */
	#linger(stream: LiveStream): void {
		const {orphanMs} = this.#parts.settings().limits;
		if (!stream.isConnected && stream.session.inactiveMs >= orphanMs) {
			// Removed because nobody was there: whoever comes late begins again where the archive ends.
			this.#streams.delete(stream.tokenHash);
			return;
		}
		this.#parts.clock.after(orphanMs, () => this.#forget(stream));
	}

	#forget(stream: LiveStream): void {
		if (this.#streams.get(stream.tokenHash) !== stream) return;
		this.#streams.delete(stream.tokenHash);
		this.#parts.archive.forget(stream.id);
	}

	#nowMs(): number {
		return (this.#parts.nowMs ?? Date.now)();
	}
}

function describeRevived({id, owner, model, options, checkpoint}: ArchivedStream): OpenHostedSession {
	return {
		id,
		door: 'stream',
		options,
		model,
		...(owner !== undefined && {owner}),
		...(checkpoint !== undefined && {checkpoint}),
	};
}
