import {expect, it} from 'vitest';

import {parseConfigFile} from '../../../../src/server/config/read-config-file.js';

const FILE = '/serve/ray_config.json';

function read(content: object) {
	const {values, notes} = parseConfigFile(JSON.stringify(content, undefined, 2), FILE, 'project file');
	return {
		values: Object.fromEntries([...values].map(([path, {value}]) => [path, value])),
		notes: notes.map(note => note.replace(`${FILE}: `, '')),
	};
}

const model = {
	model_name: '/models/Qwen2.5-7B-Instruct',
	model_path: '/models/Qwen2.5-7B-Instruct',
	lora_path: null,
	latency_multiplier: 3,
	beam_size: 4,
};

/** As the original writes it, with all its keys. */
const complete = {
	ray_cluster: {
		ray_address: null,
		num_gpus: 2,
		include_dashboard: true,
		dashboard_host: '0.0.0.0',
	},
	serving: {
		host: '0.0.0.0',
		port: 8011,
		workers: 1,
		max_workers: 2,
		cuda_visible_devices: '0,1',
		gpu_language_map: {'0': 'English -> Chinese'},
		gpu_fraction: 0.5,
		max_batch_size: 32,
		min_batch_size: 1,
		batch_timeout_ms: 100.5,
		enable_dynamic_batching: true,
		load_balance_strategy: 'round_robin',
		session_timeout: 3600,
		cleanup_interval: 60,
		max_concurrent_sessions: 1000,
		enable_metrics: true,
		metrics_port: 8001,
		log_level: 'WARNING',
	},
	languages: {
		'English -> Chinese': {
			source_lang: 'English',
			target_lang: 'Chinese',
			src_code: 'en',
			tgt_code: 'zh',
			model_config: model,
		},
		'English -> German': {model_config: model},
	},
};

it('takes over what has a counterpart', () => {
	expect(read(complete).values).toEqual({
		host: '0.0.0.0',
		port: 8011,
		workers: 2,
		'batching.maxBatchSize': 32,
		'batching.minBatchSize': 1,
		'batching.batchTimeoutMs': 100.5,
		'batching.dynamicBatching': true,
		loadBalanceStrategy: 'round_robin',
		'limits.maxSessions': 1000,
		'limits.orphanMs': 3_600_000,
		logLevel: 'warn',
		latencyMultiplier: 3,
	});
});

it('says in a sentence each what it leaves out, and why', () => {
	expect(read(complete).notes).toEqual([
		'ray_cluster (num_gpus, include_dashboard, dashboard_host) is ignored: this server translates by itself, without a Ray cluster.',
		'serving.workers is ignored: one process answers all requests, and replicas of models are set with "workers" in our own format.',
		'serving.cuda_visible_devices is ignored: the variable CUDA_VISIBLE_DEVICES of the process says which cards are used.',
		'serving.gpu_language_map is ignored: every replica translates all pairs of its model.',
		'serving.gpu_fraction is ignored: a replica takes as much of its device as its model needs.',
		'serving.cleanup_interval is ignored: sessions are removed at the moment their time is over.',
		'serving.enable_metrics is ignored: metrics are always to be had, at /metrics.',
		'serving.metrics_port is ignored: metrics are at /metrics of the same port.',
		'model_config (model_name, model_path, beam_size) is ignored: it describes weights of the original, which are not used here; all pairs that our models can do are offered.',
	]);
});

it('loads the Whisper models that its languages name, each once', () => {
	const {values, notes} = read({
		languages: {
			'German -> English': {model_config: {model_name: 'whisper-base'}},
			'Spanish -> English': {model_config: {model_name: 'whisper-base'}},
			'French -> English': {model_config: {model_name: 'Systran/faster-whisper-small'}},
		},
	});
	expect(values).toEqual({models: ['whisper-base', 'Systran/faster-whisper-small']});
	expect(notes).toEqual([]);
});

it('does not choose between paces that differ', () => {
	const {values, notes} = read({
		languages: {
			'German -> English': {model_config: {latency_multiplier: 1}},
			'Spanish -> English': {model_config: {latency_multiplier: 4}},
		},
	});
	expect(values).toEqual({});
	expect(notes).toEqual([
		'latency_multiplier of the languages is ignored: they differ, and here it is one for all sessions that do not say; set latencyMultiplier in our own format.',
	]);
});

it('takes a file that says nothing', () => {
	expect(read({ray_cluster: {ray_address: null}, serving: {}, languages: null})).toEqual({
		values: {},
		notes: [],
	});
});

it.each<[string, object, string, string]>([
	[
		'a value of the wrong type',
		{serving: {max_batch_size: 'large'}},
		'serving.max_batch_size must be a whole number from 1 to 256, not "large"',
		'Change it in line 3, or leave it out for the default, 6.',
	],
	[
		'a time-out that is no number',
		{serving: {session_timeout: '1h'}},
		'serving.session_timeout, in ms, must be a whole number from 1000 to 2147483647, not "1h"',
		'Change it in line 3, or leave it out for the default, 300000.',
	],
	[
		'a strategy that there is not',
		{serving: {load_balance_strategy: 'random'}},
		'serving.load_balance_strategy must be one of least_loaded, round_robin, gpu_memory, not "random"',
		'Change it in line 3, or leave it out for the default, "least_loaded".',
	],
	['a section that is no object', {serving: 5}, 'serving must be an object, not 5', 'Change line 2.'],
	[
		'a language that there is not',
		{languages: {'English -> Chinesisch': {}}},
		'languages["English -> Chinesisch"]: ',
		'line 3',
	],
])('refuses %s, with its place', (_title, content, message, hint) => {
	let caught: unknown;
	try {
		read(content);
	} catch (error) {
		caught = error;
	}
	expect(caught).toMatchObject({code: 'OPTION_INVALID'});
	const {message: text, hint: next} = caught as Error & {hint: string};
	expect(text).toContain(`${FILE}: ${message}`);
	expect(next).toContain(hint);
});
