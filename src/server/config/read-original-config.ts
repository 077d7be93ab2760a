import {dirname} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {parseLanguageRequest} from '../../core/language/parse-language-request.js';
import {checkSetting, showValue} from './check-setting.js';
import type {ConfiguredValue, OriginKind, ReadLayer} from './configured-value.js';
import {valueOf, type FileEntry, type FileNode} from './parse-json-file.js';
import type {SettingPath} from './settings-table.js';

const SECTIONS = ['ray_cluster', 'serving', 'languages'] as const;

/** What has a counterpart here. Values are those of the file unless `convert` says otherwise. */
const SERVING: Readonly<
	Record<string, {readonly path: SettingPath; readonly convert?: (value: unknown) => unknown}>
> = {
	host: {path: 'host'},
	port: {path: 'port'},
	max_workers: {path: 'workers'},
	max_batch_size: {path: 'batching.maxBatchSize'},
	min_batch_size: {path: 'batching.minBatchSize'},
	batch_timeout_ms: {path: 'batching.batchTimeoutMs'},
	enable_dynamic_batching: {path: 'batching.dynamicBatching'},
	load_balance_strategy: {path: 'loadBalanceStrategy'},
	max_concurrent_sessions: {path: 'limits.maxSessions'},
	session_timeout: {
		path: 'limits.orphanMs',
		convert: seconds => (typeof seconds === 'number' ? Math.round(seconds * 1000) : seconds),
	},
	log_level: {path: 'logLevel', convert: convertLogLevel},
};

/** Why the rest of `serving` is left out. */
const SERVING_IGNORED: Readonly<Record<string, string>> = {
	workers:
		'one process answers all requests, and replicas of models are set with "workers" in our own format',
	cuda_visible_devices: 'the variable CUDA_VISIBLE_DEVICES of the process says which cards are used',
	gpu_language_map: 'every replica translates all pairs of its model',
	cleanup_interval: 'sessions are removed at the moment their time is over',
	prefetch_enabled: 'audio is always taken while other audio is translated',
	async_result_processing: 'results are always sent while others are made',
	enable_model_caching: 'models always stay loaded',
	enable_metrics: 'metrics are always to be had, at /metrics',
	metrics_port: 'metrics are at /metrics of the same port',
};

/** @param keys - of the file's outermost object. */
export function isOriginalConfig(keys: readonly string[]): boolean {
	return keys.some(key => (SECTIONS as readonly string[]).includes(key));
}

/**
 * Takes from the original's `ray_config.json` what has a counterpart here, and says in a sentence each what has not.
 *
 * @param path - absolute.
 * @throws {InfinisstError} `OPTION_INVALID`, naming the file, the path inside it, the value and the fix.
 */
export function readOriginalConfig(
	root: Extract<FileNode, {kind: 'object'}>,
	path: string,
	kind: OriginKind,
): ReadLayer {
	const reader = new OriginalReader(path, kind);
	for (const {key, line, value} of root.entries) {
		if (key === 'ray_cluster') reader.readCluster(sectionOf(path, key, line, value));
		else if (key === 'serving') reader.readServing(sectionOf(path, key, line, value));
		else if (key === 'languages') reader.readLanguages(sectionOf(path, key, line, value));
		else reader.ignore(key, 'the file has the sections ray_cluster, serving and languages');
	}
	return reader.result();
}

class OriginalReader {
	readonly #values = new Map<SettingPath, ConfiguredValue>();
	readonly #notes: string[] = [];
	readonly #models = new Map<string, number>();
	readonly #multipliers = new Map<unknown, FileEntry & {readonly name: string}>();
	readonly #ignoredOfModels = new Set<string>();

	constructor(
		readonly path: string,
		readonly kind: OriginKind,
	) {}

	readCluster(entries: readonly FileEntry[]): void {
		const set = entries.filter(({value}) => valueOf(value) !== null).map(({key}) => key);
		if (set.length === 0) return;
		this.#notes.push(
			`${this.path}: ray_cluster (${set.join(', ')}) is ignored: this server translates by itself, without a Ray cluster.`,
		);
	}

	readServing(entries: readonly FileEntry[]): void {
		for (const {key, line, value: node} of entries) {
			const value = valueOf(node);
			if (value === null) continue;
			const counterpart = SERVING[key];
			if (counterpart !== undefined) {
				const {path, convert} = counterpart;
				this.#set(path, `serving.${key}`, line, convert === undefined ? value : convert(value));
			} else if (SERVING_IGNORED[key] !== undefined) {
				this.ignore(`serving.${key}`, SERVING_IGNORED[key]);
			} else if (key.includes('gpu')) {
				this.ignore(`serving.${key}`, 'a replica takes as much of its device as its model needs');
			} else this.ignore(`serving.${key}`, 'it has no counterpart here');
		}
	}

	readLanguages(entries: readonly FileEntry[]): void {
		for (const {key, line, value} of entries) {
			const name = `languages[${JSON.stringify(key)}]`;
			this.#assertPair(key, name, line);
			for (const part of sectionOf(this.path, name, line, value)) {
				if (part.key === 'model_config') {
					this.#readModel(sectionOf(this.path, `${name}.model_config`, part.line, part.value), name);
				} else if (!['source_lang', 'target_lang', 'src_code', 'tgt_code'].includes(part.key)) {
					this.ignore(`${name}.${part.key}`, 'it has no counterpart here');
				}
			}
		}
	}

	ignore(name: string, reason: string): void {
		this.#notes.push(`${this.path}: ${name} is ignored: ${reason}.`);
	}

	result(): ReadLayer {
		if (this.#models.size > 0) {
			const [line] = this.#models.values();
			this.#set('models', 'languages', line!, [...this.#models.keys()]);
		}
		const [multiplier] = this.#multipliers.values();
		if (this.#multipliers.size > 1) {
			this.ignore(
				'latency_multiplier of the languages',
				'they differ, and here it is one for all sessions that do not say; set latencyMultiplier in our own format',
			);
		} else if (multiplier !== undefined) {
			const {name, line, value} = multiplier;
			this.#set('latencyMultiplier', `${name}.model_config.latency_multiplier`, line, valueOf(value));
		}
		if (this.#ignoredOfModels.size > 0) {
			this.ignore(
				`model_config (${[...this.#ignoredOfModels].join(', ')})`,
				'it describes weights of the original, which are not used here; all pairs that our models can do are offered',
			);
		}
		return {values: this.#values, notes: this.#notes};
	}

	#readModel(entries: readonly FileEntry[], name: string): void {
		for (const entry of entries) {
			const value = valueOf(entry.value);
			if (value === null) continue;
			if (entry.key === 'latency_multiplier') {
				if (!this.#multipliers.has(value)) this.#multipliers.set(value, {...entry, name});
			} else if (entry.key === 'model_name' && typeof value === 'string' && isOurs(value)) {
				if (!this.#models.has(value)) this.#models.set(value, entry.line);
			} else this.#ignoredOfModels.add(entry.key);
		}
	}

	#assertPair(pair: string, name: string, line: number): void {
		try {
			parseLanguageRequest({from: pair});
		} catch (error) {
			if (!InfinisstError.is(error)) throw error;
			throw new InfinisstError('OPTION_INVALID', `${this.path}: ${name}: ${error.message}`, {
				hint: `${error.hint ?? 'Write it as in "English -> German".'} Change it in line ${line}.`,
				cause: error,
			});
		}
	}

	#set(path: SettingPath, name: string, line: number, value: unknown): void {
		const unit = path === 'limits.orphanMs' ? ', in ms,' : '';
		this.#values.set(path, {
			value: checkSetting(path, value, {
				name: `${this.path}: ${name}${unit}`,
				where: `in line ${line}`,
				directory: dirname(this.path),
			}),
			origin: {kind: this.kind, place: `${this.path}, line ${line} (${name})`},
		});
	}
}

function sectionOf(path: string, name: string, line: number, node: FileNode): readonly FileEntry[] {
	if (node.kind === 'object') return node.entries;
	if (node.value === null) return [];
	throw new InfinisstError(
		'OPTION_INVALID',
		`${path}: ${name} must be an object, not ${showValue(node.value)}`,
		{
			hint: `Change line ${line}.`,
		},
	);
}

/** The original names folders and language models; of what runs here, all are Whispers. */
function isOurs(model: string): boolean {
	return /whisper/i.test(model) && !model.startsWith('/');
}

/** Python's names. */
function convertLogLevel(value: unknown): unknown {
	if (typeof value !== 'string') return value;
	const name = value.toLowerCase();
	if (name === 'warning') return 'warn';
	return name === 'critical' || name === 'fatal' ? 'error' : name;
}
