import type {SessionLog, SessionLogEntry} from '../../server/compatible/session-log.js';
import type {SessionDoor} from '../../server/sessions/session-host.js';
import type {RunRecorder} from './run-recorder.js';
import type {EndedSession} from './run-writer.js';

/** The sessions of this run, followed by those of servers before it. */
export class HistorySessionLog implements SessionLog {
	readonly #own: SessionLog;
	readonly #recorder: Pick<RunRecorder, 'listEndedSessions'>;

	/** @param own - knows those of this run, which may not be written yet. */
	constructor(own: SessionLog, recorder: Pick<RunRecorder, 'listEndedSessions'>) {
		this.#own = own;
		this.#recorder = recorder;
	}

	put(entry: SessionLogEntry): void {
		this.#own.put(entry);
	}

	async list(owner: string | undefined, limit: number): Promise<readonly SessionLogEntry[]> {
		const own = await this.#own.list(owner, limit);
		if (own.length >= limit) return own;
		// Without the history there are still those of this run.
		const ended = await this.#recorder.listEndedSessions(owner, limit - own.length).catch(() => []);
		return [...own, ...ended.map(describeEnded)];
	}
}

function describeEnded({metadata, startMs, endMs, message}: EndedSession): SessionLogEntry {
	return {
		sessionId: metadata['session_id']!,
		owner: metadata['owner'],
		door: metadata['door'] as SessionDoor,
		agentType: metadata['agent_type'],
		languagePair: metadata['language_pair'],
		clientId: metadata['client_id'],
		createdAtMs: startMs,
		endedAtMs: endMs === 0 ? undefined : endMs,
		audioMs: Number(metadata['audio_ms'] ?? 0),
		cause: message === '' ? undefined : message,
	};
}
