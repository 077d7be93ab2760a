import type {ApiAnswer, ApiClient, ApiRequest, Parameters} from './api-client.js';
import {ApiSocket} from './api-socket.js';
import {expectFields} from './expect-fields.js';
import {startDeadline} from './deadline.js';
import {describeSeen, expectThat, Mismatch} from './mismatch.js';
import {wait} from './wait.js';

export interface CompatSettings {
	/** Of one check, ms. */
	readonly timeoutMs: number;
	/** Nothing that came for so long will not come any more, ms. */
	readonly quietMs: number;
	/** Speech is spoken so many times as fast as a person does, where its pace matters. */
	readonly speed: number;
	/** Opened at most to see what a full server does. */
	readonly maxSessions: number;
	/** After how long the server removes sessions that were left; undefined: not waited for. */
	readonly idleMs: number | undefined;
	/** A file that `GET /test_video/` has. */
	readonly testVideo: string | undefined;
	/** A short video that `POST /download_youtube` may fetch. */
	readonly videoUrl: string | undefined;
}

export interface CheckParts {
	readonly client: ApiClient;
	/** As the server writes it. */
	readonly languagePair: string;
	/** Mono float32 at 16 kHz. */
	readonly speech: Float32Array;
	readonly settings: CompatSettings;
}

export interface Stretch {
	/** Translations of it, oldest first. */
	readonly texts: readonly string[];
	/** The last of them, or nothing. */
	readonly finalText: string;
	/** Of the frame after PROCESSING_COMPLETE. */
	readonly endFrame: number;
}

let sessionsNamed = 0;

/** What a check works with. Remembers what it opened, for `cleanUp()`. */
export class CheckContext {
	readonly languagePair: string;
	readonly speech: Float32Array;
	readonly settings: CompatSettings;
	readonly signal: AbortSignal;
	readonly #client: ApiClient;
	readonly #sessions = new Set<string>();
	readonly #sockets = new Set<ApiSocket>();

	/** @param signal - fires when the check's time is over. */
	constructor({client, languagePair, speech, settings}: CheckParts, signal: AbortSignal) {
		this.#client = client;
		this.languagePair = languagePair;
		this.speech = speech;
		this.settings = settings;
		this.signal = signal;
	}

	/** A name for a client that no other check uses. */
	clientId(): string {
		return `compat-${process.pid}-${Date.now()}-${sessionsNamed++}`;
	}

	/** @throws {Mismatch} if nothing answers in time. */
	get(path: string, query?: Parameters): Promise<ApiAnswer> {
		return this.request('GET', path, query === undefined ? {} : {query});
	}

	/** With JSON, as most clients do. @throws {Mismatch} if nothing answers in time. */
	post(path: string, json: unknown = {}): Promise<ApiAnswer> {
		return this.request('POST', path, {json});
	}

	/** @throws {Mismatch} if nothing answers in time. */
	async request(method: 'GET' | 'POST', path: string, request: ApiRequest): Promise<ApiAnswer> {
		try {
			return await this.#client.request(method, path, request, this.signal);
		} catch (error) {
			const seen = this.signal.aborted ? 'none, until the time was over' : messageOf(error);
			throw new Mismatch(`an answer to ${method} ${path}`, seen);
		}
	}

	/** Of `POST /init`; its session is deleted after the check. */
	async init(request: ApiRequest): Promise<ApiAnswer> {
		const answer = await this.request('POST', '/init', request);
		this.remember(answer);
		return answer;
	}

	/** Parameters of `POST /init` for a session that the server can give. */
	initParameters(more: Parameters = {}): Parameters {
		return {agent_type: 'InfiniSST', language_pair: this.languagePair, client_id: this.clientId(), ...more};
	}

	/** Opens a session. @throws {Mismatch} if the server gives none. */
	async openSession(more: Parameters = {}): Promise<string> {
		const answer = await this.init({query: this.initParameters(more)});
		expectThat(answer.status === 200, 'POST /init to answer 200', describeAnswer(answer));
		return expectFields(answer.body, {session_id: 'string'}, 'the answer to POST /init').session_id;
	}

	/** Has the session of an answer deleted after the check. */
	remember(answer: ApiAnswer): void {
		const {body} = answer;
		if (typeof body !== 'object' || body === null || !('session_id' in body)) return;
		if (typeof body.session_id === 'string') this.#sessions.add(body.session_id);
	}

	/** Opens the socket of a session. */
	async openSocket(sessionId: string): Promise<ApiSocket> {
		const url = this.#client.socketUrl(sessionId);
		const socket = await ApiSocket.open(url, this.#client.authorization, this.signal);
		this.#sockets.add(socket);
		return socket;
	}

	/** Opens the socket of a session and waits until the server is ready for audio. */
	async connect(sessionId: string): Promise<ApiSocket> {
		const socket = await this.openSocket(sessionId);
		await socket.nextCommand('READY:');
		return socket;
	}

	/** Ends what was said and waits for its translation. */
	async finish(socket: ApiSocket, fromFrame: number): Promise<Stretch> {
		socket.sendText('EOF');
		await socket.nextCommand('PROCESSING_COMPLETE:');
		const endFrame = socket.cursor;
		const texts = socket.texts(fromFrame, endFrame);
		return {texts, finalText: texts.at(-1) ?? '', endFrame};
	}

	/** Says something and waits for its translation. */
	async translate(socket: ApiSocket, samples: Float32Array): Promise<Stretch> {
		const fromFrame = socket.frameCount;
		await socket.sendAudio(samples);
		return this.finish(socket, fromFrame);
	}

	/** Waits so long that whatever would come has come. */
	async beQuiet(): Promise<void> {
		await wait(this.settings.quietMs, this.signal);
	}

	/** Asks again until an answer is right. @throws {Mismatch} with the last answer when the check's time is over. */
	async until<Answer>(
		expected: string,
		ask: () => Promise<Answer>,
		isRight: (answer: Answer) => boolean,
	): Promise<Answer> {
		for (;;) {
			const answer = await ask();
			if (isRight(answer)) return answer;
			await wait(POLL_MS, this.signal);
			expectThat(!this.signal.aborted, expected, answer);
		}
	}

	/** Of `GET /queue_status/`. */
	async queueStatus(sessionId: string): Promise<Readonly<Record<string, unknown>>> {
		const answer = await this.get(`/queue_status/${encodeURIComponent(sessionId)}`);
		expectThat(answer.status === 200, 'GET /queue_status/ to answer 200', describeAnswer(answer));
		return expectFields(answer.body, {}, 'the answer to GET /queue_status/');
	}

	/** What `GET /health` says of a session; undefined if nothing. */
	async findInHealth(sessionId: string): Promise<Readonly<Record<string, unknown>> | undefined> {
		const {body} = await this.get('/health');
		const {active_sessions: sessions} = expectFields(
			body,
			{active_sessions: 'array'},
			'the answer to GET /health',
		);
		return (sessions as readonly Readonly<Record<string, unknown>>[]).find(
			session => session['session_id'] === sessionId,
		);
	}

	/** Closes the sockets and deletes the sessions. Never rejects. */
	async cleanUp(): Promise<void> {
		for (const socket of this.#sockets) socket.terminate();
		const deadline = startDeadline(CLEAN_UP_MS, new AbortController().signal);
		await Promise.allSettled(
			[...this.#sessions].map(sessionId =>
				this.#client.request('POST', '/delete_session', {json: {session_id: sessionId}}, deadline.signal),
			),
		);
		deadline.stop();
	}
}

const POLL_MS = 50;
const CLEAN_UP_MS = 5000;

/** Status and body, for people. */
export function describeAnswer({status, text}: ApiAnswer): string {
	return describeSeen(`${status} ${text}`);
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
