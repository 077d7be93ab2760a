import {mkdir, readdir, rm, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {HubSourceEntry} from '../catalogue/catalogue.js';
import {downloadFile} from '../download/download-file.js';
import {openHttpClient, type HttpClient, type HttpClientOptions} from '../download/http-client.js';
import type {RetryOptions} from '../download/retry.js';
import type {ModelFile} from '../model-file.js';
import {detectFamily, detectModel} from '../store/detect-model.js';
import {assertDiskSpace, type FreeBytes} from '../store/disk-space.js';
import {selectWeightFiles} from '../store/select-weight-files.js';
import {formatHubKey, listHubFiles, type HubFile, type HubListing} from './hub-listing.js';
import type {FetchOptions, FetchedModel, ModelSource} from './model-source.js';

export const DEFAULT_HUB_ENDPOINT = 'https://huggingface.co';

export interface HubSettings extends HttpClientOptions, Pick<RetryOptions, 'policy' | 'delay'> {
	/** Address of the hub or of a mirror of it. @default https://huggingface.co */
	readonly endpoint?: string | undefined;
	/** Access token; sent to the endpoint only. */
	readonly token?: string | undefined;
	readonly freeBytes?: FreeBytes | undefined;
}

/** A repository on a Hugging Face hub. */
export function createHubSource(entry: HubSourceEntry, settings: HubSettings): ModelSource {
	const endpoint = (settings.endpoint ?? DEFAULT_HUB_ENDPOINT).replace(/\/+$/, '');
	const {repository, revision} = entry;
	return {
		description: `Hugging Face hub, ${repository}${revision === 'main' ? '' : `@${revision}`}`,
		key: formatHubKey(endpoint, repository, revision),
		async fetch(options) {
			const client = openHttpClient(settings);
			try {
				return await fetchRepository({entry, endpoint, settings, client, options});
			} finally {
				await client.close();
			}
		},
	};
}

interface FetchContext {
	readonly entry: HubSourceEntry;
	readonly endpoint: string;
	readonly settings: HubSettings;
	readonly client: HttpClient;
	readonly options: FetchOptions;
}

async function fetchRepository(context: FetchContext): Promise<FetchedModel> {
	const {entry, endpoint, options} = context;
	const {repository, revision} = entry;
	const directory = join(options.workDirectory, 'files');
	await mkdir(directory, {recursive: true});

	const listing = await listHubFiles({
		...context.settings,
		...requestOptions(context, 'the list of files'),
		endpoint,
		repository,
		revision,
	});
	const wanted = selectWanted(listing, repository);
	await removeOthers(directory, wanted);
	const missing = await Promise.all(wanted.map(file => countMissingBytes(directory, file)));
	await assertDiskSpace(
		directory,
		missing.reduce((sum, bytes) => sum + bytes, 0),
		`Fetching ${options.model}`,
		context.settings.freeBytes,
	);

	const files: ModelFile[] = [];
	for (const file of wanted) {
		const isFirstWeights = isWeights(file.path) && !files.some(({path}) => isWeights(path));
		// A GGUF file says itself what it holds.
		const isDescribed = !file.path.endsWith('.gguf');
		if (isFirstWeights && isDescribed) await detectModel(join(directory, 'config.json'), repository);
		files.push(await fetchFile(context, listing, directory, file));
		if (file.path === 'config.json') await detectFamily(join(directory, file.path), repository);
	}
	return {
		directory,
		files,
		licence: listing.licence,
		origin: {kind: 'hub', endpoint, repository, revision, commit: listing.commit},
	};
}

/** The large files, which are fetched when the small ones say that they are of use. */
function isWeights(path: string): boolean {
	return /\.(bin|safetensors|onnx|onnx_data|gguf)$/.test(path);
}

/** In the order they are fetched: the configuration first, which says whether the rest is of use. */
function selectWanted({files}: HubListing, repository: string): HubFile[] {
	const paths = selectWeightFiles(
		files.map(file => file.path),
		repository,
	);
	if (!paths.includes('config.json')) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${repository} has no config.json.`, {
			hint: 'Take a repository that says what model its weights are of.',
		});
	}
	const ordered = ['config.json', ...paths.filter(path => path !== 'config.json')];
	return ordered.map(path => files.find(file => file.path === path)!);
}

async function fetchFile(
	context: FetchContext,
	listing: HubListing,
	directory: string,
	file: HubFile,
): Promise<ModelFile> {
	const {entry, endpoint, settings, options} = context;
	const {model, onEvent} = options;
	const commit = encodeURIComponent(listing.commit ?? entry.revision);
	const path = file.path.split('/').map(encodeURIComponent).join('/');
	await mkdir(dirname(join(directory, file.path)), {recursive: true});
	const downloaded = await downloadFile({
		...settings,
		...requestOptions(context, file.path),
		url: new URL(`${endpoint}/${entry.repository}/resolve/${commit}/${path}`),
		destination: join(directory, file.path),
		name: file.path,
		expected: file,
		onProgress: (receivedBytes, totalBytes) =>
			onEvent?.({type: 'file-progressed', model, file: file.path, receivedBytes, totalBytes}),
	});
	onEvent?.({type: 'file-completed', model, file: file.path, sizeBytes: downloaded.sizeBytes});
	return {path: file.path, ...downloaded};
}

function requestOptions({client, settings, options: {model, signal, onEvent}}: FetchContext, file: string) {
	return {
		client,
		token: settings.token,
		signal,
		onRetry: (attempt: number, delayMs: number, reason: string) =>
			onEvent?.({type: 'request-retried', model, file, attempt, delayMs, reason}),
	};
}

/** Of an earlier revision, for example. */
async function removeOthers(directory: string, wanted: readonly HubFile[]): Promise<void> {
	const kept = new Set(
		wanted.flatMap(({path}) => [path, `${path}.partial`, `${path}.partial.json`, path.split('/')[0]]),
	);
	for (const name of await readdir(directory)) {
		if (!kept.has(name)) await rm(join(directory, name), {recursive: true, force: true});
	}
}

async function countMissingBytes(directory: string, {path, sizeBytes = 0}: HubFile): Promise<number> {
	for (const name of [path, `${path}.partial`]) {
		const found = await stat(join(directory, name)).catch(() => undefined);
		if (found) return Math.max(0, sizeBytes - found.size);
	}
	return sizeBytes;
}
