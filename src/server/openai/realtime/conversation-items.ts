import {newId, type ServerEvent} from './event-socket.js';

/** What speaks: the current API, or its beta (`OpenAI-Beta: realtime=v1`), whose events have other names. */
export type ProtocolVersion = 'current' | 'beta';

/** A stretch of speech as a conversation has it. */
export interface SpokenItem {
	readonly id: string;
	text: string;
	isCommitted: boolean;
}

/** Tells of items, in their order. */
export class ConversationItems {
	readonly #send: (event: ServerEvent) => void;
	readonly #version: ProtocolVersion;
	#previousId: string | null = null;

	constructor(send: (event: ServerEvent) => void, version: ProtocolVersion) {
		this.#send = send;
		this.#version = version;
	}

	open(): SpokenItem {
		return {id: newId('item'), text: '', isCommitted: false};
	}

	/** @param text - whole words, with the space before them where the language writes one. */
	append(item: SpokenItem, text: string): void {
		const delta = item.text === '' ? text.trimStart() : text;
		if (delta === '') return;
		item.text += delta;
		this.#send({
			type: 'conversation.item.input_audio_transcription.delta',
			item_id: item.id,
			content_index: 0,
			delta,
		});
	}

	/** No more audio belongs to it. Idempotent. */
	commit(item: SpokenItem): void {
		if (item.isCommitted) return;
		item.isCommitted = true;
		const previous = {previous_item_id: this.#previousId};
		this.#previousId = item.id;
		this.#send({type: 'input_audio_buffer.committed', item_id: item.id, ...previous});
		const described = {
			...previous,
			item: {
				id: item.id,
				object: 'realtime.item',
				type: 'message',
				status: 'completed',
				role: 'user',
				content: [{type: 'input_audio', transcript: null}],
			},
		};
		if (this.#version === 'beta') {
			this.#send({type: 'conversation.item.created', ...described});
			return;
		}

		this.#send({type: 'conversation.item.added', ...described});
		this.#send({type: 'conversation.item.done', ...described});
	}

	/** All of its text has been told. */
	complete(item: SpokenItem, audioMs: number): void {
		this.commit(item);
		this.#send({
			type: 'conversation.item.input_audio_transcription.completed',
			item_id: item.id,
			content_index: 0,
			transcript: item.text.trimEnd(),
			usage: {type: 'duration', seconds: Math.round(audioMs) / 1000},
		});
	}
}
