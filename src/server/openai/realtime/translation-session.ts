import {z} from 'zod';

import type {HostedEvent} from '../../sessions/session-host.js';
import {chooseModel} from '../choose-model.js';
import {languageSchema} from '../language-schema.js';
import type {EventSocket} from './event-socket.js';
import {RealtimeSession, type ClientEvent, type RealtimeParts} from './realtime-session.js';
import {Speaker} from './speaker.js';

/** In these steps the API tells how far the audio has come. */
const FRAME_MS = 200;

interface TranslationSettings {
	/** Code of the language to write. */
	readonly language: string;
	/** Also write what is spoken; the model as the client named it. */
	readonly transcription: {readonly model: string} | null;
}

const updateSchema = z.object({
	session: z.object({
		audio: z
			.object({
				input: z
					.object({
						transcription: z
							.object({model: z.string().min(1)})
							.nullable()
							.optional(),
					})
					.nullish(),
				output: z.object({language: languageSchema.optional()}).nullish(),
			})
			.nullish(),
	}),
});

/** A socket of `/v1/realtime/translations`: what is spoken, in another language, as it is spoken. */
export class TranslationSession extends RealtimeSession {
	readonly #model: string;
	#settings: TranslationSettings = {language: 'en', transcription: null};

	/** @param model - as the client named it; stays for the session. */
	constructor(
		socket: (handle: (text: string) => Promise<void>) => EventSocket,
		parts: RealtimeParts,
		{model}: {readonly model: string},
	) {
		super(socket, parts);
		this.#model = model;
	}

	/** @throws {InfinisstError} `MODEL_UNKNOWN`, `LANGUAGE_PAIR_UNSUPPORTED`. */
	greet(): void {
		this.#chooseModel(this.#settings);
		this.#tellSettings('session.created');
	}

	protected async handle(event: ClientEvent): Promise<void> {
		switch (event.type) {
			case 'session.update':
				return this.#update(updateSchema.parse(event).session);
			case 'session.input_audio_buffer.append':
				return this.append(event);
			case 'session.close':
				return this.finish();
			default:
				return this.refuseUnknown(event, 'translation', [
					'session.update',
					'session.input_audio_buffer.append',
					'session.close',
				]);
		}
	}

	protected openSpeaker(id: string): Speaker {
		const {owner, sessions} = this.parts;
		const session = sessions.open({
			id,
			door: 'openai',
			model: this.#chooseModel(this.#settings),
			options: {sourceLanguage: 'auto', targets: targetsOf(this.#settings), partials: false},
			...(owner !== undefined && {owner}),
		});
		return new Speaker(session, 'audio/pcm', this.#createTeller());
	}

	async #update({audio}: z.infer<typeof updateSchema>['session']): Promise<void> {
		const transcription = audio?.input?.transcription;
		const settings: TranslationSettings = {
			language: audio?.output?.language ?? this.#settings.language,
			transcription: transcription === undefined ? this.#settings.transcription : transcription,
		};
		this.#chooseModel(settings);
		if (targetsOf(settings).join() !== targetsOf(this.#settings).join()) await this.endSpeaker();
		this.#settings = settings;
		this.#tellSettings('session.updated');
	}

	/** Tells the texts of one hosted session. */
	#createTeller(): (event: HostedEvent) => void {
		const hasBegun = new Set<string>();
		return event => {
			if (event.type !== 'text-final') return;
			const delta = hasBegun.has(event.target) ? event.text : event.text.trimStart();
			if (delta === '') return;
			hasBegun.add(event.target);
			this.send({
				type: event.target === 'same' ? 'session.input_transcript.delta' : 'session.output_transcript.delta',
				delta,
				elapsed_ms: Math.floor(event.audioMs / FRAME_MS) * FRAME_MS,
			});
		};
	}

	#tellSettings(type: 'session.created' | 'session.updated'): void {
		const {language, transcription} = this.#settings;
		this.send({
			type,
			session: {
				id: this.id,
				object: 'realtime.translation_session',
				type: 'translation',
				model: this.#model,
				expires_at: 0,
				audio: {input: {transcription, noise_reduction: null}, output: {language}},
			},
		});
	}

	#chooseModel(settings: TranslationSettings): string {
		return chooseModel(this.parts, this.#model, {sourceLanguage: 'auto', targets: targetsOf(settings)}).name;
	}
}

function targetsOf({language, transcription}: TranslationSettings): string[] {
	return transcription === null ? [language] : [language, 'same'];
}
