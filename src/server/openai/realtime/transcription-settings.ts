import {z} from 'zod';

import {LATENCY_MULTIPLIERS, type LatencyMultiplier} from '../../../core/engine/engine.js';
import {latencySettings} from '../../../core/translation/policy/latency-settings.js';
import {languageSchema} from '../language-schema.js';
import {AUDIO_FORMATS, type AudioFormat} from './pcm-input.js';
import type {ProtocolVersion} from './conversation-items.js';

/** How a transcription session is set. */
export interface TranscriptionSettings {
	readonly format: AudioFormat;
	/** As the client named it. */
	readonly model: string;
	/** A code, or `auto`. */
	readonly language: string;
	readonly prompt: string;
	readonly latencyMultiplier: LatencyMultiplier;
	/** Turns end where the speaker pauses; else where the client commits. */
	readonly endsTurnsAtPauses: boolean;
}

const BETA_FORMATS: Readonly<Record<string, AudioFormat>> = {
	pcm16: 'audio/pcm',
	g711_ulaw: 'audio/pcmu',
	g711_alaw: 'audio/pcma',
};

/** How long OpenAI's newer models wait before they write. */
const DELAYS: Readonly<Record<string, LatencyMultiplier>> = {
	minimal: LATENCY_MULTIPLIERS[0],
	low: LATENCY_MULTIPLIERS[0],
	medium: LATENCY_MULTIPLIERS[1],
	high: LATENCY_MULTIPLIERS[2],
	xhigh: LATENCY_MULTIPLIERS[3],
};

/** As voice activity is told from silence here (core/audio/speech-track.ts). */
const SPEECH_THRESHOLD = 0.5;
/** Heard before the first voice of a window (docs/engine.md). */
const PREFIX_PADDING_MS = 500;

const transcription = z
	.object({
		model: z.string().min(1).nullish(),
		language: languageSchema.nullish(),
		prompt: z.string().max(10_000).nullish(),
		delay: z.enum(Object.keys(DELAYS) as [string, ...string[]]).nullish(),
	})
	.nullish();

/** How pauses are found is the engine's affair: its own figures are told back. */
const turnDetection = z
	.object({type: z.enum(['server_vad', 'semantic_vad']).optional()})
	.nullable()
	.optional();

const include = z.array(z.string()).max(0, 'log probabilities are not told here').nullish();

const format = z.union([
	z
		.object({
			type: z.enum(AUDIO_FORMATS, `must be one of ${AUDIO_FORMATS.join(', ')}`),
			rate: z.literal(24_000, 'must be 24000').nullish(),
		})
		.transform(({type}) => type),
	z
		.enum(
			Object.keys(BETA_FORMATS) as [string, ...string[]],
			`must be one of ${Object.keys(BETA_FORMATS).join(', ')}`,
		)
		.transform(name => BETA_FORMATS[name]!),
]);

/** The current shape; fields of a conversation that have no meaning here are ignored. */
const currentSchema = z
	.object({
		type: z
			.literal('transcription', 'must be transcription: this server does not hold conversations')
			.optional(),
		include,
		audio: z
			.object({
				input: z.object({format: format.nullish(), transcription, turn_detection: turnDetection}).nullish(),
			})
			.nullish(),
	})
	.transform(({audio}) => ({
		format: audio?.input?.format,
		transcription: audio?.input?.transcription,
		turnDetection: audio?.input?.turn_detection,
	}));

/** The shape of the beta. */
const betaSchema = z
	.object({
		include,
		input_audio_format: format.nullish(),
		input_audio_transcription: transcription,
		turn_detection: turnDetection,
	})
	.transform(session => ({
		format: session.input_audio_format,
		transcription: session.input_audio_transcription,
		turnDetection: session.turn_detection,
	}));

const BETA_FIELDS = ['input_audio_format', 'input_audio_transcription', 'turn_detection'];

/**
 * Settings after an update; what it does not name stays.
 *
 * @throws {ZodError}
 */
export function updateTranscriptionSettings(
	settings: TranscriptionSettings,
	session: Readonly<Record<string, unknown>>,
): TranscriptionSettings {
	const isBeta = BETA_FIELDS.some(field => field in session);
	const change = (isBeta ? betaSchema : currentSchema).parse(session);
	const {model, language, prompt, delay} = change.transcription ?? {};
	return {
		format: change.format ?? settings.format,
		model: model ?? settings.model,
		language: language ?? settings.language,
		prompt: prompt ?? settings.prompt,
		latencyMultiplier: typeof delay === 'string' ? DELAYS[delay]! : settings.latencyMultiplier,
		endsTurnsAtPauses:
			change.turnDetection === undefined ? settings.endsTurnsAtPauses : change.turnDetection !== null,
	};
}

/** Says how a session is set, with what pauses are to the engine. */
export function describeTranscriptionSession(
	id: string,
	settings: TranscriptionSettings,
	version: ProtocolVersion,
): Readonly<Record<string, unknown>> {
	const {format, model, language, prompt, latencyMultiplier} = settings;
	const described = {model, ...(language !== 'auto' && {language}), prompt};
	const detection = settings.endsTurnsAtPauses
		? {
				type: 'server_vad',
				threshold: SPEECH_THRESHOLD,
				prefix_padding_ms: PREFIX_PADDING_MS,
				silence_duration_ms: latencySettings(latencyMultiplier).pauseMs,
			}
		: null;
	if (version === 'beta') {
		return {
			id,
			object: 'realtime.transcription_session',
			input_audio_format: Object.keys(BETA_FORMATS).find(name => BETA_FORMATS[name] === format),
			input_audio_transcription: described,
			input_audio_noise_reduction: null,
			turn_detection: detection,
			include: null,
		};
	}

	return {
		id,
		object: 'realtime.transcription_session',
		type: 'transcription',
		audio: {
			input: {
				format: format === 'audio/pcm' ? {type: format, rate: 24_000} : {type: format},
				transcription: described,
				noise_reduction: null,
				turn_detection: detection,
			},
		},
		include: null,
	};
}
