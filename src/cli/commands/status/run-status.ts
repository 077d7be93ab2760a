import * as z from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {createServerClient, serverFlags} from '../../server-client.js';
import {writeText} from '../../write-text.js';
import {formatTable} from '../models/format-table.js';

const schema = z.object({json: z.boolean().default(false), all: z.boolean().default(false), ...serverFlags});

/** Of what the API tells, the part that is shown; other servers of it may tell less. */
const healthSchema = z.object({
	status: z.string(),
	active_sessions: z
		.array(
			z.object({
				session_id: z.string(),
				type: z.string().nullish(),
				language_pair: z.string().nullish(),
				user_id: z.string().nullish(),
				latency_multiplier: z.number().nullish(),
				inactive_for: z.string().nullish(),
			}),
		)
		.default([]),
});

const workerSchema = z.object({
	id: z.string(),
	state: z.string(),
	sessions: z.number(),
	starts: z.number(),
	losses: z.number(),
	resident_bytes: z.number().optional(),
});

const statsSchema = z.object({
	stats: z.object({
		global_stats: z.object({queued_sessions: z.number().optional()}).optional(),
		gpu_load: z.record(z.string(), z.number()).optional(),
		workers: z.array(z.unknown()).default([]),
		models: z.array(z.unknown()).default([]),
	}),
});

/** Of `/ray/stats`: what is being done for a model, or why it failed. */
const modelNewsSchema = z.object({
	name: z.string(),
	activity: z.string().nullish(),
	error: z.string().nullish(),
});

const modelsSchema = z.object({
	data: z.array(
		z.object({
			id: z.string(),
			state: z.string().optional(),
			size_bytes: z.number().optional(),
			source_languages: z.array(z.string()).optional(),
			targets: z.array(z.string()).optional(),
		}),
	),
});

type Health = z.output<typeof healthSchema>;
type Stats = z.output<typeof statsSchema>['stats'];
type Models = z.output<typeof modelsSchema>['data'];

/** @throws {InfinisstError} `PEER_UNREACHABLE`, `PEER_REFUSED`, `ACCESS_DENIED`. */
export async function runStatus(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'env' | 'signal'>,
): Promise<void> {
	const {json, all, ...address} = parseOptions(schema, flags);
	const client = createServerClient(address, context);
	// One after another: the first says whether anybody is there.
	const health = await client.get('/health', healthSchema);
	const {stats} = await client.get('/ray/stats', statsSchema);
	const {data: models} = await client.get('/v1/models', modelsSchema);
	const text = json
		? `${JSON.stringify({server: address.server, health, stats, models})}\n`
		: formatStatus(address.server, {health, stats, models, all});
	await writeText(context.stdout, text, context.signal);
}

interface Status {
	readonly health: Health;
	readonly stats: Stats;
	readonly models: Models;
	/** Also models that would have to be fetched. */
	readonly all: boolean;
}

function formatStatus(server: string, {health, stats, models, all}: Status): string {
	const {active_sessions: sessions} = health;
	const queued = stats.global_stats?.queued_sessions ?? 0;
	const head = `${server} is ${health.status}: ${count(sessions.length, 'session')}${queued > 0 ? `, ${queued} of them waiting` : ''}\n`;
	const shown = all ? models : models.filter(({state}) => state !== 'needs_download');
	const parts = [
		head,
		formatModels(shown),
		formatRest(models.length - shown.length),
		formatNews(stats),
		formatWorkers(stats),
		formatSessions(sessions),
	];
	return parts.filter(part => part !== '').join('\n');
}

function formatModels(models: Models): string {
	if (models.length === 0) return '';
	return formatTable(
		['MODEL', 'STATE', 'SIZE', 'LANGUAGES', 'WRITES'],
		models.map(({id, state, size_bytes: bytes, source_languages: sources, targets}) => [
			id,
			(state ?? '').replaceAll('_', ' '),
			bytes === undefined ? '' : formatBytes(bytes),
			sources === undefined ? '' : String(sources.length),
			targets === undefined ? '' : targets.length > 6 ? String(targets.length) : targets.join(', '),
		]),
	);
}

function formatRest(hidden: number): string {
	return hidden === 0
		? ''
		: `To be fetched when somebody asks: ${count(hidden, 'more model')}, listed by --all.\n`;
}

/** A line for each model that is being fetched or started, or has failed. */
function formatNews({models}: Stats): string {
	return models
		.map(model => {
			const {data} = modelNewsSchema.safeParse(model);
			const news = data?.error ?? data?.activity;
			return news === undefined || news === null ? '' : `${data!.name}: ${printable(news)}\n`;
		})
		.join('');
}

function formatWorkers({workers, gpu_load: loads = {}}: Stats): string {
	const known = workers.flatMap(worker => {
		const {data} = workerSchema.safeParse(worker);
		return data === undefined ? [] : [data];
	});
	if (known.length === 0) return '';
	return formatTable(
		['REPLICA', 'STATE', 'SESSIONS', 'LOAD', 'MEMORY', 'LOST'],
		known.map(({id, state, sessions, losses, resident_bytes: bytes}) => [
			id,
			state,
			String(sessions),
			loads[id] === undefined ? '' : `${Math.round(loads[id] * 100)} %`,
			bytes === undefined ? '' : formatBytes(bytes),
			String(losses),
		]),
	);
}

function formatSessions(sessions: Health['active_sessions']): string {
	if (sessions.length === 0) return '';
	return formatTable(
		['SESSION', 'DOOR', 'LANGUAGES', 'USER', 'LATENCY', 'IDLE'],
		sessions.map(session => [
			printable(session.session_id),
			session.type ?? '',
			printable(session.language_pair ?? ''),
			printable(session.user_id ?? ''),
			String(session.latency_multiplier ?? ''),
			session.inactive_for ?? '',
		]),
	);
}

/** Clients choose names; a terminal obeys control characters. */
function printable(text: string): string {
	return text.replaceAll(/\p{Cc}/gu, '?');
}

function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
