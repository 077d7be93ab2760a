import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';

import {ApiClient, type ApiAnswer} from '../../../compat/api-client.js';
import type {CheckResult} from '../../../compat/check.js';
import type {CheckParts} from '../../../compat/check-context.js';
import {selectGroups, type CheckGroup} from '../../../compat/checks.js';
import {formatJunit, type GroupResults} from '../../../compat/format-junit.js';
import {formatJsonResult, formatResult, formatSummary} from '../../../compat/format-results.js';
import {startDeadline} from '../../../compat/deadline.js';
import {choosePair, findOfferedPairs, splitPair} from '../../../compat/language-pairs.js';
import {runChecks} from '../../../compat/run-checks.js';
import {readSpeech} from '../../../compat/speech.js';
import {InfinisstError} from '../../../core/errors.js';
import type {CommandContext} from '../../command-context.js';
import {EXIT_FAULT, EXIT_OK} from '../../exit-codes.js';
import {writeText} from '../../write-text.js';
import {parseCompatOptions, type CompatOptions} from './compat-options.js';
import {openOwnServer} from './own-server.js';

type CompatCommandContext = Pick<CommandContext, 'stdout' | 'stderr' | 'env' | 'cwd' | 'signal'>;

/**
 * The work of `infinisst compat`.
 *
 * @returns 0 if no check failed, 1 otherwise.
 * @throws {InfinisstError} `OPTION_INVALID`, also if nobody answers at the address; `OUTPUT_UNWRITABLE`.
 */
export async function runCompat(
	url: string | undefined,
	flags: unknown,
	context: CompatCommandContext,
): Promise<number> {
	const options = parseCompatOptions(url, flags, context.env);
	const groups = selectGroups(options.only);
	if (groups.length === 0) {
		throw new InfinisstError('OPTION_INVALID', `No check fits ${JSON.stringify(options.only)}`, {
			hint: 'Run "infinisst compat --list" to see them.',
		});
	}

	if (options.list) {
		await writeText(context.stdout, formatList(groups, options.json), context.signal);
		return EXIT_OK;
	}

	if (options.url !== undefined) return judgeServer(options.url, groups, options, context);
	context.stderr.write('infinisst: starting a server of our own, as no address was given\n');
	const {env, signal} = context;
	const {settings} = options;
	const server = await openOwnServer({env, idleMs: settings.idleMs, signal});
	try {
		await loadModels(server.url, signal);
		const testVideo = settings.testVideo ?? server.testVideo;
		const more = {...options, settings: {...settings, testVideo}};
		return await judgeServer(server.url, groups, more, context);
	} finally {
		await server.close();
	}
}

async function judgeServer(
	url: URL,
	groups: readonly CheckGroup[],
	options: CompatOptions,
	context: CompatCommandContext,
): Promise<number> {
	const {signal} = context;
	const client = new ApiClient(url, options.apiKey);
	try {
		await assertReachable(client, url, signal);
		const languagePair = options.languagePair ?? choosePair(await readPairs(client, signal));
		const speech = await readSpeech(splitPair(languagePair)?.source ?? '', signal);
		const parts = {client, languagePair, speech, settings: options.settings};
		const judged = await judgeGroups(groups, parts, options, context);
		const results = judged.flatMap(group => group.results);
		if (options.junit !== undefined) await writeJunit(resolve(context.cwd, options.junit), judged, url);
		if (!options.json) {
			await writeText(context.stdout, `\n${formatSummary(results, url.origin)}\n`, signal);
		}

		return results.some(({outcome}) => outcome.status === 'failed') ? EXIT_FAULT : EXIT_OK;
	} finally {
		await client.close();
	}
}

async function judgeGroups(
	groups: readonly CheckGroup[],
	parts: CheckParts,
	{json}: CompatOptions,
	{stdout, signal}: CompatCommandContext,
): Promise<GroupResults[]> {
	const columns = Math.max(...groups.flatMap(({checks}) => checks.map(({id}) => id.length)));
	const judged: GroupResults[] = [];
	for (const {title, checks} of groups) {
		if (!json) await writeText(stdout, `${judged.length === 0 ? '' : '\n'}${title}\n`, signal);
		const results: CheckResult[] = [];
		for await (const result of runChecks(checks, parts, signal)) {
			results.push(result);
			const text = json ? formatJsonResult(result, title) : formatResult(result, columns);
			await writeText(stdout, `${text}\n`, signal);
		}

		judged.push({title, results});
	}

	return judged;
}

/** That somebody is there who lets us in; what else is wrong, the checks tell. */
async function assertReachable(client: ApiClient, url: URL, signal: AbortSignal): Promise<void> {
	const deadline = startDeadline(REACH_MS, signal);
	let answer: ApiAnswer;
	try {
		answer = await client.request('GET', '/health', {}, deadline.signal);
	} catch (error) {
		signal.throwIfAborted();
		throw new InfinisstError('OPTION_INVALID', `Nobody answers at ${url.href}`, {
			hint: 'Start the server first, or give another address.',
			cause: error,
		});
	} finally {
		deadline.stop();
	}

	if (answer.status !== 401 && answer.status !== 403) return;
	throw new InfinisstError('OPTION_INVALID', `The server at ${url.href} lets nobody in without a key`, {
		hint: 'Give one with --api-key, or in INFINISST_API_KEY.',
	});
}

/** A server that has no list of its pairs is judged all the same. */
async function readPairs(
	client: ApiClient,
	signal: AbortSignal,
): Promise<ReturnType<typeof findOfferedPairs>> {
	const deadline = startDeadline(REACH_MS, signal);
	try {
		const {body} = await client.request('GET', '/languages', {}, deadline.signal);
		return findOfferedPairs(body);
	} finally {
		deadline.stop();
	}
}

/** Our own server listens before its models are loaded. */
async function loadModels(url: URL, signal: AbortSignal): Promise<void> {
	const client = new ApiClient(url);
	try {
		await client.request('POST', '/load_models', {json: {}}, signal);
	} finally {
		await client.close();
	}
}

async function writeJunit(path: string, groups: readonly GroupResults[], url: URL): Promise<void> {
	try {
		await mkdir(dirname(path), {recursive: true});
		await writeFile(path, formatJunit(groups, url.origin));
	} catch (error) {
		throw new InfinisstError('OUTPUT_UNWRITABLE', `Cannot write ${path}`, {cause: error});
	}
}

function formatList(groups: readonly CheckGroup[], json: boolean): string {
	const checks = groups.flatMap(({title: group, checks}) => checks.map(check => ({group, ...check})));
	const columns = Math.max(...checks.map(({id}) => id.length)) + 2;
	return checks
		.map(({group, id, title, rule}) =>
			json ? JSON.stringify({id, group, title, rule}) : `${id.padEnd(columns)}${title}`,
		)
		.map(line => `${line}\n`)
		.join('');
}

const REACH_MS = 10_000;
