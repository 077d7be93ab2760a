import type {SessionReader} from '../store/session-reader.js';
import {answerActors, answerActorSummary, answerLogicalActor, answerLogicalActors} from './actor-answers.js';
import {
	answerJson,
	answerJsonText,
	answerResult,
	answerText,
	NOT_FOUND,
	SERVER_FAULT,
	type HistoryAnswer,
} from './answer.js';
import {answerClusterStatus} from './cluster-status.js';
import {answerClusterEvents, answerEvents} from './event-answers.js';
import {answerJob, answerJobList, answerJobLogs, answerJobs} from './job-answers.js';
import {answerLog, answerLogList} from './log-answers.js';
import {answerNode, answerNodeList, answerNodes, answerWorkers} from './node-answers.js';
import {answerPlacementGroups} from './placement-group-answers.js';
import {answerObjects, answerRuntimeEnvs} from './polled-lists.js';
import {redactDeep} from './redact.js';
import {BadRequestError, UnhandledRequestError, type HistoryRequest} from './request.js';
import {answerTasks, answerTaskSummary, answerTimeline} from './task-answers.js';

type Route = (
	reader: SessionReader,
	request: HistoryRequest,
	parameter: string,
	context: AnswerContext,
) => HistoryAnswer;

export interface AnswerContext {
	/** Milliseconds since 1970. */
	readonly nowMs: number;
}

/** Addresses that Ray's head answers, and how we answer them for a session that is over. "*" is one part. */
const ROUTES: Readonly<Record<string, Route>> = {
	'/nodes': answerNodes,
	'/nodes/*': (reader, _request, nodeId) => answerNode(reader, nodeId),
	'/logical/actors': answerLogicalActors,
	'/logical/actors/*': (reader, _request, actorId) => answerLogicalActor(reader, actorId),
	'/events': answerEvents,
	'/api/cluster_status': answerClusterStatus,
	'/api/v0/cluster_metadata': (reader, request) =>
		replay(reader, request) ?? answerResult('', {rayVersion: '', pythonVersion: '', rayInitCluster: false}),
	'/api/v0/tasks': answerTasks,
	'/api/v0/tasks/summarize': withoutChecks(answerTaskSummary),
	'/api/v0/tasks/timeline': withoutChecks((reader, request, _parameter, {nowMs}) =>
		answerTimeline(reader, request, nowMs),
	),
	'/api/v0/actors': answerActors,
	'/api/v0/actors/summarize': withoutChecks(answerActorSummary),
	'/api/v0/jobs': answerJobList,
	'/api/v0/nodes': answerNodeList,
	'/api/v0/workers': answerWorkers,
	'/api/v0/placement_groups': answerPlacementGroups,
	'/api/v0/objects': answerObjects,
	'/api/v0/runtime_envs': answerRuntimeEnvs,
	'/api/v0/cluster_events': answerClusterEvents,
	'/api/v0/logs': answerLogList,
	'/api/v0/logs/*': (reader, request, mediaType) => answerLog(reader, mediaType, request),
	'/api/v0/runtime_env_redaction': () => answerResult('', {redactionEnabled: true}),
	'/api/v0/platform_events': () => NOT_FOUND,
	'/api/v0/delay/*': () => answerResult('', {result: {}, partial_failure_warning: null}),
	'/api/jobs/': answerJobs,
	'/api/jobs/*': (reader, request, id) => answerJob(reader, id, request),
	'/api/jobs/*/logs': (reader, _request, id) => answerJobLogs(reader, id),
	'/api/serve/applications/': (reader, request) => replay(reader, request) ?? answerJson(NO_APPLICATIONS),
	'/api/data/datasets/*': (reader, request) => replay(reader, request) ?? answerJson({datasets: []}),
	'/api/version': (reader, request) => replay(reader, request) ?? answerVersion(reader),
	'/timezone': (reader, request) => replay(reader, request) ?? answerJson({offset: '+00:00', value: 'UTC'}),
	'/api/authentication_mode': () => answerJson({authentication_mode: 'disabled'}),
	'/api/grafana_health': (reader, request) =>
		replay(reader, request) ??
		answerResult(
			'Grafana healthcheck failed',
			{
				exception:
					"Cannot connect to host localhost:3000 ssl:default [Connect call failed ('127.0.0.1', 3000)]",
			},
			500,
		),
	'/api/prometheus_health': (reader, request) =>
		replay(reader, request) ??
		answerResult(
			'prometheus healthcheck failed.',
			{reason: "Cannot connect to host localhost:9090 ssl:default [Connect call failed ('127.0.0.1', 9090)]"},
			500,
		),
	'/api/profiling_enabled': () =>
		answerResult('', {profilingEnabled: false, profilingDefaults: PROFILING_DEFAULTS}),
	'/usage_stats_enabled': (reader, request) =>
		replay(reader, request) ??
		answerResult('Fetched usage stats enabled', {usageStatsEnabled: false, usageStatsPromptEnabled: true}),
	'/api/component_activities': (reader, request) => replay(reader, request) ?? answerActivities(reader),
	'/api/gcs_healthz': () => ({status: 200, contentType: 'application/text; charset=utf-8', body: 'success'}),
	'/api/train/v2/runs/v1': (reader, request) =>
		replay(reader, request) ??
		answerText(
			'Train state data is not available. Please make sure Ray Train is running and that the Train state actor is enabled by setting the RAY_TRAIN_ENABLE_STATE_TRACKING environment variable to "1".',
			500,
		),
};

const PROFILING_DEFAULTS = {
	native: false,
	subprocesses: false,
	idle: false,
	leaks: false,
	tracePythonAllocators: false,
	cpuDuration: 5,
	memoryDuration: 10,
	maxDuration: 60,
	cpuFormat: 'flamegraph',
	memoryFormat: 'flamegraph',
	pyspyNativeSupported: true,
};

const NO_APPLICATIONS = {
	controller_info: null,
	proxy_location: null,
	http_options: null,
	grpc_options: null,
	proxies: {},
	applications: {},
	target_capacity: null,
};

/** Answers a GET for one session as its head would have, had it lived on. */
export function answerRequest(
	reader: SessionReader,
	request: HistoryRequest,
	context: AnswerContext,
): HistoryAnswer {
	try {
		const [route, parameter] = findRoute(request.path);
		if (route !== undefined) return route(reader, request, parameter, context);
		// The head takes a slash at the end for another address.
		const isKnown = Object.hasOwn(ROUTES, `${request.path}/`);
		return (request.path.startsWith('/api/') && !isKnown ? replay(reader, request) : undefined) ?? NOT_FOUND;
	} catch (error) {
		if (error instanceof BadRequestError) return answerResult(error.message, {result: null}, 400);
		if (error instanceof UnhandledRequestError) return SERVER_FAULT;
		throw error;
	}
}

/** Where the head does not look for wrong requests, and answers them with its general fault. */
function withoutChecks(route: Route): Route {
	return (...parameters) => {
		try {
			return route(...parameters);
		} catch (error) {
			if (error instanceof BadRequestError) return SERVER_FAULT;
			throw error;
		}
	};
}

function findRoute(path: string): readonly [Route | undefined, string] {
	if (Object.hasOwn(ROUTES, path)) return [ROUTES[path], ''];
	const parts = path.split('/');
	for (let at = parts.length - 1; at > 0; at -= 1) {
		const parameter = parts[at]!;
		if (parameter === '') continue;
		const pattern = parts.with(at, '*').join('/');
		if (Object.hasOwn(ROUTES, pattern)) return [ROUTES[pattern], parameter];
	}

	return [undefined, ''];
}

/** The answer of the live head to this path, if it was kept. */
function replay(reader: SessionReader, {path, isBrowser}: HistoryRequest): HistoryAnswer | undefined {
	const body = reader.snapshot(path.replace(/\/+$/, ''))?.body;
	if (body === undefined) return undefined;
	return isBrowser ? answerJson(redactDeep(JSON.parse(body))) : answerJsonText(body);
}

function answerVersion(reader: SessionReader): HistoryAnswer {
	const metadata = reader.snapshot('/api/v0/cluster_metadata')?.body;
	const {data} = (metadata === undefined ? {} : JSON.parse(metadata)) as {data?: {rayVersion?: string}};
	return answerJson({
		version: '4',
		ray_version: data?.rayVersion ?? '',
		ray_commit: '',
		session_name: reader.session.name,
	});
}

function answerActivities(reader: SessionReader): HistoryAnswer {
	const jobs = reader.entities('job').filter(({isDefined}) => isDefined);
	const active = jobs.filter(({isFinished}) => !isFinished).length;
	return answerJson({
		driver: {
			is_active: active > 0 ? 'ACTIVE' : 'INACTIVE',
			reason: active > 0 ? `Number of active drivers: ${active}` : null,
			timestamp: (reader.session.lastMs ?? 0) / 1000,
			last_activity_at: Math.max(0, ...jobs.map(({endMs}) => endMs)) / 1000,
		},
	});
}
