import type {HostedEvent} from '../../sessions/session-host.js';
import type {ConversationItems, SpokenItem} from './conversation-items.js';
import type {ServerEvent} from './event-socket.js';

/** Makes conversation items of what a session hears. */
export interface Turns {
	take(event: HostedEvent): void;
	/** The client says that a turn ends here; a flush of the session goes with it. */
	commit(): void;
	/**
	 * The client wants to forget what is not committed.
	 *
	 * @returns how: `reset` the session, or `flush` it, because what was committed is still being heard; what the flush
	 * brings is kept to ourselves.
	 */
	clear(): 'reset' | 'flush';
}

interface ClientTurn {
	readonly item: SpokenItem;
	state: 'open' | 'committed' | 'cleared';
}

/** Turns end where the client commits: `turn_detection: null`. Text is told as it comes, also before that. */
export class ClientTurns implements Turns {
	readonly #items: ConversationItems;
	/** The first is being heard; all but the last wait for their flush. */
	readonly #turns: ClientTurn[] = [];
	/** Where the turn that is being heard begins. */
	#startMs = 0;

	constructor(items: ConversationItems) {
		this.#items = items;
	}

	take(event: HostedEvent): void {
		if (event.type === 'text-final') {
			const turn = this.#turns[0] ?? this.#open();
			if (turn.state !== 'cleared') this.#items.append(turn.item, event.text);
		} else if (event.type === 'stretch-ended') this.#end(event.audioMs);
		else if (event.type === 'session-ended') {
			while (this.#turns.length > 0) this.#end(event.audioMs);
		} else if (event.type === 'session-reset') this.#startMs = 0;
	}

	commit(): void {
		const turn = this.#last();
		turn.state = 'committed';
		this.#items.commit(turn.item);
	}

	clear(): 'reset' | 'flush' {
		const isHearing = this.#turns.some(({state}) => state !== 'open');
		if (isHearing) this.#last().state = 'cleared';
		else this.#turns.length = 0;
		return isHearing ? 'flush' : 'reset';
	}

	#end(audioMs: number): void {
		const turn = this.#turns.shift();
		if (turn !== undefined && turn.state !== 'cleared')
			this.#items.complete(turn.item, audioMs - this.#startMs);
		this.#startMs = audioMs;
	}

	/** The one that no commit has ended. */
	#last(): ClientTurn {
		const last = this.#turns.at(-1);
		return last?.state === 'open' ? last : this.#open();
	}

	#open(): ClientTurn {
		const turn: ClientTurn = {item: this.#items.open(), state: 'open'};
		this.#turns.push(turn);
		return turn;
	}
}

/** Turns end where the speaker pauses: `turn_detection: {type: 'server_vad'}`. */
export class PauseTurns implements Turns {
	readonly #items: ConversationItems;
	readonly #send: (event: ServerEvent) => void;
	/** Flushes that were asked for, in order. */
	readonly #flushes: {readonly isClear: boolean; hasItem: boolean}[] = [];
	#open: {readonly item: SpokenItem; readonly startMs: number} | undefined;
	#endMs = 0;

	constructor(items: ConversationItems, send: (event: ServerEvent) => void) {
		this.#items = items;
		this.#send = send;
	}

	take(event: HostedEvent): void {
		const [flush] = this.#flushes;
		if (event.type === 'text-final' && flush?.isClear !== true) {
			this.#open ??= this.#begin(event.startMs);
			this.#items.append(this.#open.item, event.text);
		} else if (event.type === 'segment-ended') this.#end(event.endMs);
		else if (event.type === 'stretch-ended') {
			this.#flushes.shift();
			if (flush?.isClear === true) this.#open = undefined;
			// The client waits for an answer, also where nobody spoke.
			else if (flush?.hasItem === false) {
				this.#items.complete(this.#items.open(), event.audioMs - this.#endMs);
			}
			this.#endMs = event.audioMs;
		} else if (event.type === 'session-ended') this.#end(event.audioMs);
		else if (event.type === 'session-reset') this.#endMs = 0;
	}

	commit(): void {
		this.#flushes.push({isClear: false, hasItem: false});
	}

	clear(): 'reset' | 'flush' {
		if (this.#flushes.length === 0) {
			this.#open = undefined;
			return 'reset';
		}

		this.#flushes.push({isClear: true, hasItem: false});
		return 'flush';
	}

	#begin(startMs: number): {readonly item: SpokenItem; readonly startMs: number} {
		const item = this.#items.open();
		this.#send({
			type: 'input_audio_buffer.speech_started',
			audio_start_ms: Math.round(startMs),
			item_id: item.id,
		});
		return {item, startMs};
	}

	#end(endMs: number): void {
		const [flush] = this.#flushes;
		if (this.#open === undefined || flush?.isClear === true) return;
		const {item, startMs} = this.#open;
		this.#open = undefined;
		this.#endMs = endMs;
		if (flush !== undefined) flush.hasItem = true;
		this.#send({
			type: 'input_audio_buffer.speech_stopped',
			audio_end_ms: Math.round(endMs),
			item_id: item.id,
		});
		this.#items.complete(item, endMs - startMs);
	}
}
