import {Readable} from 'node:stream';
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {TranslationEvent} from '../../../core/translation/translation-event.js';
import type {ServerParts} from '../../server-parts.js';
import type {SessionRecorder} from '../../sessions/session-recorder.js';
import {chooseModel} from '../choose-model.js';
import {describeOpenAiError, errorBodySchema} from '../error-body.js';
import {contentTooLarge, receiveUpload, type Upload, type UploadedFile} from './receive-upload.js';
import {formDescription, parseRecordingForm, type RecordingForm} from './recording-form.js';
import {recordRecording} from './record-recording.js';
import type {RecordingPlace, RecordingPool} from './recording-pool.js';
import {streamAnswer} from './stream-answer.js';
import type {UploadFolder} from './upload-folder.js';
import {needsWords, shortSchema, verboseSchema, writeAnswer, type AnswerFacts} from './write-answer.js';

export interface RecordingParts extends Pick<ServerParts, 'settings' | 'models' | 'signal'> {
	readonly pool: RecordingPool;
	readonly recorder: Pick<SessionRecorder, 'openUpload'>;
	readonly folder: UploadFolder;
	/** Who takes turns with the others, and whether that is a key. */
	readonly ownerOf: (request: FastifyRequest) => {readonly id: string; readonly isKey: boolean};
}

/** Files that clients of OpenAI may send; more are known here, but these are what a message names. */
const FORMATS = 'flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav, webm';

/** `POST /v1/audio/transcriptions` and `POST /v1/audio/translations`. */
export function registerRecordingRoutes(app: FastifyInstance, parts: RecordingParts): void {
	const schema = (summary: string) => ({
		summary,
		tags: ['openai'],
		consumes: ['multipart/form-data'],
		body: formDescription,
		response: {
			200: {
				description: 'As response_format asks',
				content: {
					'application/json': {schema: z.union([verboseSchema, shortSchema])},
					'text/plain': {schema: z.string()},
					'text/vtt': {schema: z.string()},
					'text/event-stream': {schema: z.string()},
				},
			},
			'4xx': errorBodySchema,
			'5xx': errorBodySchema,
		},
	});
	// The form is read as it comes and checked then; the framework has nothing to look at.
	const validatorCompiler = () => () => true;
	app.post(
		'/v1/audio/transcriptions',
		{schema: schema('Text of a recording, in the language spoken'), validatorCompiler},
		(request, reply) => answer('transcribe', request, reply, parts),
	);
	app.post(
		'/v1/audio/translations',
		{schema: schema('Text of a recording, in English'), validatorCompiler},
		(request, reply) => answer('translate', request, reply, parts),
	);
}

async function answer(
	task: AnswerFacts['task'],
	request: FastifyRequest,
	reply: FastifyReply,
	parts: RecordingParts,
): Promise<FastifyReply> {
	// A server that shuts down finishes what it has.
	parts.signal.throwIfAborted();
	const signal = whenClientGoes(reply);
	const owner = parts.ownerOf(request);
	const place = parts.pool.take(owner.id, owner.isKey);
	let upload: Upload | undefined;
	const putAway = async (): Promise<void> => {
		place.leave();
		await upload?.remove();
	};
	try {
		upload = await receiveUpload(request, parts.folder, parts.settings().limits.uploadBytes, signal);
		const form = parseRecordingForm(upload.fields);
		const file = requireFile(upload);
		const model = chooseModel(parts, form.model, {
			sourceLanguage: form.language,
			targets: [task === 'translate' ? 'en' : 'same'],
		}).name;
		const events = translate({task, model, form, file}, request, place, parts, signal);
		const facts: AnswerFacts = {task, model, file: file.name, form};
		if (form.stream) {
			return await sendStream({events: putAwayAfter(events, putAway), facts, signal}, request, reply);
		}
		const {contentType, body} = await writeAnswer(events, facts);
		await putAway();
		return await reply.type(contentType).send(body);
	} catch (error) {
		await putAway();
		throw describeContent(error);
	}
}

interface StreamedAnswer {
	readonly events: AsyncIterable<TranslationEvent>;
	readonly facts: AnswerFacts;
	/** Fires when the client is gone. */
	readonly signal: AbortSignal;
}

/** Begins once the first text is there, so that what fails before has a status of its own. */
async function sendStream(
	{events, facts, signal}: StreamedAnswer,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const iterator = events[Symbol.asyncIterator]();
	const first = await iterator.next();
	// A stream that is given up before it was read ends nothing that stands behind it.
	signal.addEventListener('abort', () => void iterator.return?.().catch(() => undefined), {once: true});
	const describe = (error: unknown) => {
		const {error: described, isUnforeseen} = describeOpenAiError(describeContent(error), request.id);
		if (isUnforeseen) request.log.error({err: error}, 'a recording failed');
		return described;
	};
	const stream = Readable.from(streamAnswer(withFirst(first, iterator), facts, describe));
	return reply
		.type('text/event-stream; charset=utf-8')
		.header('cache-control', 'no-store')
		.header('x-accel-buffering', 'no')
		.send(stream);
}

async function* withFirst<Item>(
	first: IteratorResult<Item, unknown>,
	rest: AsyncIterator<Item, unknown>,
): AsyncGenerator<Item, void> {
	try {
		for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
	} finally {
		await rest.return?.();
	}
}

async function* putAwayAfter<Item>(
	items: AsyncIterable<Item>,
	putAway: () => Promise<void>,
): AsyncGenerator<Item, void> {
	try {
		yield* items;
	} finally {
		await putAway();
	}
}

interface Wanted {
	readonly task: AnswerFacts['task'];
	readonly model: string;
	readonly form: RecordingForm;
	readonly file: UploadedFile;
}

function translate(
	{task, model, form, file}: Wanted,
	{id, principal}: FastifyRequest,
	place: RecordingPlace,
	{settings, recorder}: RecordingParts,
	signal: AbortSignal,
): AsyncIterable<TranslationEvent> {
	const {keepText} = settings();
	const recording = {
		path: file.path,
		name: file.name,
		maxAudioMs: settings().limits.audioSeconds * 1000,
		options: {
			sourceLanguage: form.language,
			task,
			temperature: form.temperature,
			words: needsWords(form),
			tokens: form.responseFormat === 'verbose_json',
			...(form.prompt !== undefined && {prompt: form.prompt}),
		},
	};
	return recordRecording(recorder, {
		upload: {
			id: `upload-${id}`,
			owner: principal?.id,
			file: keepText ? file.name : undefined,
			model,
			sourceLanguage: form.language,
			targets: [task === 'translate' ? 'en' : 'same'],
		},
		keepsText: keepText,
		translate: onTurn => place.translate({model, recording, onTurn}, signal),
	});
}

function requireFile({file}: Upload): UploadedFile {
	if (file !== undefined) return file;
	throw new z.ZodError([
		{code: 'custom', path: ['file'], message: 'is missing: send the recording in it', input: undefined},
	]);
}

/** What is wrong with the recording itself, as an answer tells it. */
function describeContent(error: unknown): unknown {
	// To others it is a limit that time lifts; a file stays as it is.
	if (InfinisstError.is(error, 'LIMIT_EXCEEDED'))
		return contentTooLarge(`${error.message}. ${error.hint ?? ''}`);
	if (!InfinisstError.is(error, 'AUDIO_UNDECODABLE')) return error;
	return new InfinisstError('AUDIO_UNDECODABLE', error.message, {
		hint: `Send it in one of these formats: ${FORMATS}.`,
		cause: error,
	});
}

function whenClientGoes(reply: FastifyReply): AbortSignal {
	const gone = new AbortController();
	reply.raw.once('close', () => {
		if (!reply.raw.writableFinished) {
			gone.abort(
				new InfinisstError('RESOURCE_CLOSED', 'The client closed its connection before it was answered'),
			);
		}
	});
	return gone.signal;
}
