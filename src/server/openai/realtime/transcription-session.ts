import {z} from 'zod';

import type {SessionOptions} from '../../../core/engine/engine.js';
import {chooseModel} from '../choose-model.js';
import {ConversationItems, type ProtocolVersion} from './conversation-items.js';
import type {EventSocket} from './event-socket.js';
import {RealtimeSession, type ClientEvent, type RealtimeParts} from './realtime-session.js';
import {Speaker} from './speaker.js';
import {
	describeTranscriptionSession,
	updateTranscriptionSettings,
	type TranscriptionSettings,
} from './transcription-settings.js';
import {ClientTurns, PauseTurns, type Turns} from './turns.js';

/** Less is taken for a mistake, as OpenAI takes it. */
const MIN_COMMIT_MS = 100;

const updateSchema = z.object({session: z.looseObject({})});

/** A socket of `/v1/realtime`: captions of what is spoken, turn by turn. */
export class TranscriptionSession extends RealtimeSession {
	readonly #version: ProtocolVersion;
	readonly #items: ConversationItems;
	#settings: TranscriptionSettings;
	#turns: Turns | undefined;

	/** @param model - as the client named it. */
	constructor(
		socket: (handle: (text: string) => Promise<void>) => EventSocket,
		parts: RealtimeParts,
		{model, version}: {readonly model: string; readonly version: ProtocolVersion},
	) {
		super(socket, parts);
		this.#version = version;
		this.#items = new ConversationItems(this.send, version);
		this.#settings = {
			format: 'audio/pcm',
			model,
			language: 'auto',
			prompt: '',
			latencyMultiplier: parts.settings().latencyMultiplier,
			endsTurnsAtPauses: true,
		};
	}

	/** @throws {InfinisstError} `MODEL_UNKNOWN`, `LANGUAGE_PAIR_UNSUPPORTED`. */
	greet(): void {
		this.#chooseModel(this.#settings);
		this.#tellSettings('created');
	}

	protected async handle(event: ClientEvent): Promise<void> {
		switch (event.type) {
			case 'session.update':
			case 'transcription_session.update':
				return this.#update(updateSchema.parse(event).session);
			case 'input_audio_buffer.append':
				return this.append(event);
			case 'input_audio_buffer.commit':
				return this.#commit(event.event_id);
			case 'input_audio_buffer.clear':
				return this.#clear();
			case 'session.close':
				return this.finish();
			default:
				return this.refuseUnknown(event, 'transcription', [
					'session.update',
					'input_audio_buffer.append',
					'input_audio_buffer.commit',
					'input_audio_buffer.clear',
					'session.close',
				]);
		}
	}

	protected openSpeaker(id: string): Speaker {
		const turns = this.#settings.endsTurnsAtPauses
			? new PauseTurns(this.#items, this.send)
			: new ClientTurns(this.#items);
		const {owner, sessions} = this.parts;
		const session = sessions.open({
			id,
			door: 'openai',
			model: this.#chooseModel(this.#settings),
			options: optionsOf(this.#settings),
			...(owner !== undefined && {owner}),
		});
		this.#turns = turns;
		return new Speaker(session, this.#settings.format, event => turns.take(event));
	}

	async #update(session: Readonly<Record<string, unknown>>): Promise<void> {
		const settings = updateTranscriptionSettings(this.#settings, session);
		this.#chooseModel(settings);
		// What was said before is told as it was asked for then.
		if (JSON.stringify(settings) !== JSON.stringify(this.#settings)) await this.endSpeaker();
		this.#settings = settings;
		this.#tellSettings('updated');
	}

	async #commit(eventId: string | undefined): Promise<void> {
		const pendingMs = this.speaker?.pendingMs ?? 0;
		if (this.speaker === undefined || pendingMs < MIN_COMMIT_MS) {
			this.tell(
				{
					message: `The audio buffer holds ${pendingMs.toFixed(2)} ms, and a turn must have ${MIN_COMMIT_MS} ms at least. Append audio before you commit it.`,
					type: 'invalid_request_error',
					code: 'input_audio_buffer_commit_empty',
					param: null,
				},
				eventId,
			);
			return;
		}

		this.#turns?.commit();
		await this.speaker.flush();
	}

	async #clear(): Promise<void> {
		if (this.speaker !== undefined) {
			if (this.#turns?.clear() === 'flush') await this.speaker.flush();
			else this.speaker.reset();
		}

		this.send({type: 'input_audio_buffer.cleared'});
	}

	#tellSettings(what: 'created' | 'updated'): void {
		const prefix = this.#version === 'beta' ? 'transcription_session' : 'session';
		this.send({
			type: `${prefix}.${what}`,
			session: describeTranscriptionSession(this.id, this.#settings, this.#version),
		});
	}

	#chooseModel({model, language}: TranscriptionSettings): string {
		return chooseModel(this.parts, model, {sourceLanguage: language, targets: ['same']}).name;
	}
}

function optionsOf({language, prompt, latencyMultiplier}: TranscriptionSettings): SessionOptions {
	return {
		sourceLanguage: language,
		targets: ['same'],
		partials: false,
		latencyMultiplier,
		...(prompt !== '' && {prompt}),
	};
}
