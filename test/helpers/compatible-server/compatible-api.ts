import {fail, flag, InvalidParameter, ok, text, whole, type Answer, type Given} from './answer.js';
import {SessionPlaces} from './session-places.js';
import type {Breaks, SpokenSession} from './spoken-session.js';

/** A pair that the double can do at once, and one that it must load each time. */
const LOADED_PAIR = 'English -> German';
const AVAILABLE_PAIR = 'French -> English';
const OTHER_PAIRS = [
	...['Chinese', 'Italian', 'Spanish'].map(language => `English -> ${language}`),
	...['Chinese', 'Italian', 'Spanish', 'German'].map(language => `${language} -> English`),
];
const PASSWORDS = 'root:x:0:0:root:/root:/bin/sh\n';

/** The file that `GET /test_video/` has, and the address that `POST /download_youtube` may fetch. */
export const TEST_VIDEO = 'clip.mp4';
export const VIDEO_URL = 'https://videos.example/clip.mp4';

type Handler = (given: Given, rest: string, headers: Given) => Answer | Promise<Answer>;

/**
 * Part 1 of the API over HTTP, as simple as can be and right, but for the rules that it is told to break: each check
 * of the suite has one such breakage, of the same name.
 */
export class CompatibleApi {
	readonly places: SessionPlaces;
	/** Set by a request that made no sense, if `errors.isolated` is broken. */
	isConfused = false;
	readonly #breaks: Breaks;
	readonly #deleted = new Set<string>();
	readonly #configuration = {
		max_batch_size: 32,
		min_batch_size: 1,
		batch_timeout_ms: 100,
		enable_dynamic_batching: true,
		load_balance_strategy: 'least_loaded',
	};

	/** `POST /init`: the handler of that path; a rest of the path comes second. */
	readonly routes: Readonly<Record<string, Handler>> = {
		'POST /init': given => this.#init(given),
		'GET /languages': () => this.#languages(),
		'GET /queue_status/': (_given, id) => this.#queueStatus(id),
		'POST /ping': given => this.#ping(given),
		'POST /reset_translation': given =>
			this.#withSession(given, 'errors.logical-200', session => {
				session.reset();
				const status = this.#breaks('reset.answer') ? 'ok' : 'success';
				return ok({status, message: 'It is forgotten', session_type: 'test'});
			}),
		'POST /update_latency': given => this.#updateLatency(given),
		'POST /delete_session': given => this.#delete(text(given, 'session_id')),
		'POST /load_models': () =>
			ok({message: 'Loaded', loaded: this.#breaks('models.load-all') ? [] : ['one'], ray_stats: {}}),
		'POST /load_model': given => this.#loadModel(given),
		'GET /health': () => this.#health(),
		'GET /ray/stats': () => this.#stats(),
		'POST /ray/configure': given => this.#configure(given),
		'GET /dynamic_schedule_stats': () => (this.#breaks('schedule.stats') ? fail('no', 404) : ok({})),
		'POST /configure_dynamic_schedule': given => this.#configureSchedule(given),
		'GET /debug/session_stats': () => {
			const live = [...this.places.sessions.keys()];
			return ok({sessions: this.#breaks('debug.session-stats') ? this.places.history : live});
		},
		'GET /debug/session_history': () => {
			const live = [...this.places.sessions.keys()];
			return ok({sessions: this.#breaks('debug.session-history') ? live : this.places.history});
		},
		'POST /enable_evaluation_mode': given =>
			this.#withSession(given, '', session => {
				session.evaluationMode ||= !this.#breaks('evaluation.enable');
				return ok({});
			}),
		'GET /session_delays/': (given, id) => this.#delays(given, id),
		'GET /session_delays_by_user': given => this.#delaysByUser(given),
		'POST /export_session_delays': given => this.#export(given),
		'POST /export_session_delays_by_user': () =>
			this.#breaks('evaluation.export-by-user') ? fail('no disk') : ok({filepath: 'results/user.log'}),
		'POST /download_youtube': given => this.#download(given),
		'GET /test_video/': (_given, name, headers) => this.#video(name, headers),
		'GET /static/': (_given, name) => this.#leak('page.confined', name),
		'GET /': () =>
			this.#breaks('page.root') ? fail('no', 404) : {body: '<p>A page</p>', contentType: 'text/html'},
	};

	constructor(places: number, breaks: Breaks) {
		this.#breaks = breaks;
		this.places = new SessionPlaces(places, breaks);
	}

	/** Takes away who was silent for too long. */
	removeIdle(idleMs: number): void {
		if (this.#breaks('ping.idle')) return;
		for (const [id, {lastMs}] of this.places.sessions) {
			if (Date.now() - lastMs > idleMs) this.places.delete(id);
		}
	}

	#init(given: Given): Answer {
		const {client_id: clientId, pair, agentType} = this.#readOpening(given);
		const isWrongTaken = this.#breaks('parameters.wrong-type') && given['latency_multiplier'] === 'fast';
		const multiplier = isWrongTaken ? 2 : whole(given, 'latency_multiplier', 2);
		if (this.#breaks('parameters.unknown-ignored') && 'no_such_parameter' in given) {
			throw new InvalidParameter('no_such_parameter');
		}

		if (agentType !== 'InfiniSST') {
			return fail(`No such agent. ${this.#breaks('init.unknown-agent') ? '' : 'There is InfiniSST.'}`);
		}

		if (!this.#pairs().includes(pair)) {
			return fail(`No such pair. ${this.#breaks('init.unknown-pair') ? '' : this.#pairs().join(', ')}`);
		}

		if ((multiplier < 1 || multiplier > 4) && !this.#breaks('init.latency-range')) {
			return fail('latency_multiplier must be 1 to 4');
		}

		const word = given['evaluation_mode'];
		const evaluationMode =
			flag(given, 'evaluation_mode') && !(this.#breaks('init.evaluation-mode') && word === 'yes');
		const opening = {clientId, agentType, languagePair: pair, multiplier, evaluationMode};
		const session = this.places.open(opening, pair !== AVAILABLE_PAIR);
		return {
			body: {
				session_id: session.options.id,
				queued: session.state === 'queued',
				queue_position: this.#breaks('queue.at-capacity') ? 0 : session.position,
				initializing: session.state === 'initializing' && !this.#breaks('init.initializing'),
				...(!this.#breaks('init.answer') && {ray_based: false}),
				evaluation_mode: evaluationMode,
			},
		};
	}

	#readOpening(given: Given): {client_id: string; pair: string; agentType: string} {
		return {
			client_id: text(given, 'client_id'),
			pair: text(given, 'language_pair'),
			agentType: text(given, 'agent_type', 'InfiniSST'),
		};
	}

	#pairs(): string[] {
		const captions = this.#breaks('languages.pairs') ? [] : ['English -> English'];
		return [LOADED_PAIR, AVAILABLE_PAIR, ...OTHER_PAIRS, ...captions];
	}

	#languages(): Answer {
		const languages = this.#pairs().map(pair => ({
			language_pair: pair,
			...(!this.#breaks('languages.states') && {
				status: pair === LOADED_PAIR ? 'loaded' : pair === AVAILABLE_PAIR ? 'available' : 'needs_download',
			}),
		}));
		return ok({languages});
	}

	#queueStatus(path: string): Answer {
		const id = this.#breaks('parameters.encoded-paths') ? decodeURIComponent(path) : path;
		const session = this.places.sessions.get(id);
		if (session === undefined) {
			const isGhost = this.#breaks('delete.known') && this.#deleted.has(id);
			return {
				body: {
					session_id: id,
					status: isGhost ? 'active' : 'not_found',
					queued: this.#breaks('queue.not-found'),
					queue_position: 0,
					session_type: 'test',
				},
			};
		}

		return {
			body: {
				session_id: id,
				status: session.state,
				queued: session.state === 'queued' && !this.#breaks('queue.position'),
				queue_position: session.position,
				...(!this.#breaks('queue.status') && {session_type: 'test'}),
			},
		};
	}

	#ping(given: Given): Answer {
		const session = this.places.sessions.get(text(given, 'session_id'));
		if (session === undefined) {
			return fail(this.#breaks('ping.unknown') ? 'Who are you?' : 'Invalid session ID');
		}

		session.lastMs = Date.now();
		return this.#breaks('ping.known') ? {body: {}} : ok({});
	}

	#withSession(given: Given, broken: string, work: (session: SpokenSession) => Answer): Answer {
		const session = this.places.sessions.get(text(given, 'session_id'));
		if (session === undefined) return fail('Session not found', this.#breaks(broken) ? 404 : 200);
		return work(session);
	}

	#updateLatency(given: Given): Answer {
		return this.#withSession(given, '', session => {
			const multiplier = whole(given, 'latency_multiplier', 2);
			if ((multiplier < 1 || multiplier > 4) && !this.#breaks('latency.range')) {
				return fail('latency_multiplier must be 1 to 4');
			}

			if (!this.#breaks('latency.update')) session.changeLatency(multiplier);
			return ok({});
		});
	}

	#delete(id: string): Answer {
		if (!this.places.sessions.has(id) && this.#breaks('delete.unknown')) return fail('Session not found');
		this.places.delete(id);
		this.#deleted.add(id);
		return ok({});
	}

	#loadModel(given: Given): Answer {
		const {client_id: clientId, pair} = this.#readOpening(given);
		const isKnown = this.#pairs().includes(pair);
		if (!isKnown && !this.#breaks('models.unknown-pair')) return fail('No such pair');
		const opening = {
			clientId,
			agentType: 'InfiniSST',
			languagePair: pair,
			multiplier: 2,
			evaluationMode: false,
		};
		const {options, state} = this.places.open(opening, true);
		return ok({
			...(!this.#breaks('models.load-one') && {session_id: options.id}),
			message: 'Loaded',
			queued: state === 'queued',
			language_pair: pair,
			ray_based: false,
		});
	}

	#health(): Answer {
		if (this.isConfused) {
			this.isConfused = false;
			return {status: 503, body: {}};
		}

		const sessions = [...this.places.sessions.values()].map(session => ({
			session_id: session.options.id,
			type: 'test',
			agent_type: session.options.agentType,
			language_pair: session.options.languagePair,
			user_id: session.options.clientId,
			latency_multiplier: session.multiplier,
			inactive_for: this.#breaks('health.answer') ? 1.2 : '1.2s',
			created_at: session.createdAtMs,
		}));
		const ghosts = this.#breaks('health.deleted') ? [...this.#deleted].map(session_id => ({session_id})) : [];
		const all = [...sessions, ...ghosts];
		return {
			body: {
				status: 'healthy',
				time: Date.now() / 1000,
				ray_available: false,
				active_sessions_count: all.length,
				active_sessions: all,
			},
		};
	}

	#stats(): Answer {
		const active_sessions = this.places.sessions.size;
		const workers = this.#breaks('ray.stats') ? {} : {workers: []};
		const config = {...this.#configuration};
		return ok({
			stats: {global_stats: {}, queue_stats: {}, gpu_load: {}, active_sessions, config, ...workers},
		});
	}

	#configure(given: Given): Answer {
		const {max_batch_size: size, batch_timeout_ms: ms, load_balance_strategy: strategy} = given;
		const isRight =
			(size === undefined || (Number(size) >= 1 && Number(size) <= 256)) &&
			(ms === undefined || (Number(ms) >= 0 && Number(ms) <= 10_000)) &&
			['least_loaded', 'round_robin', 'gpu_memory', undefined].includes(strategy as string);
		if (!isRight) return this.#breaks('ray.configure-range') ? ok({}) : fail('out of range');
		if (!this.#breaks('ray.configure')) Object.assign(this.#configuration, given);
		return ok({updated_config: given});
	}

	#configureSchedule(given: Given): Answer {
		if (this.#breaks('schedule.configure')) return ok({});
		Object.assign(this.#configuration, {
			enable_dynamic_batching: flag(given, 'enabled'),
			batch_timeout_ms: whole(given, 'wait_threshold_ms', 100),
			max_batch_size: whole(given, 'max_batch_size', 32),
		});
		return ok({});
	}

	#delays(given: Given, id: string): Answer {
		const session = this.places.sessions.get(id);
		if (session === undefined) {
			return fail('Session not found', this.#breaks('evaluation.unknown-session') ? 404 : 200);
		}

		const isDetailed = flag(given, 'include_details') || this.#breaks('evaluation.details');
		return ok({
			session_id: id,
			session_type: 'test',
			evaluation_mode: session.evaluationMode,
			basic_stats: {session_age: 1, last_activity: 0.5},
			delays: session.delays,
			...(isDetailed && {details: session.words}),
		});
	}

	#delaysByUser(given: Given): Answer {
		const found = [...this.places.sessions.values()].filter(
			({options}) => options.clientId === text(given, 'user_id') && !this.#breaks('evaluation.by-user'),
		);
		return ok({sessions: found.map(({options, delays}) => ({session_id: options.id, delays}))});
	}

	#export(given: Given): Answer {
		const path = text(given, 'filepath', 'session.log');
		const isInside = !/^\/|\.\./.test(path) || this.#breaks('evaluation.export-confined');
		if (!isInside) return fail('Only inside the folder of results');
		return this.#breaks('evaluation.export') ? fail('no disk') : ok({filepath: `results/${path}`});
	}

	async #download(given: Given): Promise<Answer> {
		const url = text(given, 'url');
		if (url === VIDEO_URL) {
			const contentType = this.#breaks('youtube.video') ? 'application/octet-stream' : 'video/mp4';
			return {body: 'a video', contentType};
		}

		if (this.#breaks('youtube.inside') && url.startsWith('http://127.')) await fetch(url);
		if (this.#breaks('youtube.no-address') && url.startsWith('-')) {
			return {body: '2026.01.01', contentType: 'video/mp4'};
		}

		return fail('This address is not allowed');
	}

	#video(name: string, headers: Given): Answer {
		if (name !== TEST_VIDEO) return this.#leak('test-video.confined', name);
		const isPart = headers['range'] !== undefined && !this.#breaks('test-video.ranges');
		return {status: isPart ? 206 : 200, body: 'a vi', contentType: 'video/mp4'};
	}

	#leak(id: string, name: string): Answer {
		return name.includes('..') && this.#breaks(id)
			? {body: PASSWORDS, contentType: 'text/plain'}
			: fail('no such file', 404);
	}
}
