import type {ActorRecord, NodeRecord} from '../ingest/entity-records.js';
import {isNilId, readId, readText, readObject, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerJsonText, answerResult, type HistoryAnswer} from './answer.js';
import {toGoogleStyle} from './google-style.js';
import {assertIds, assertState, readFilters, readListOptions, type ListFilter} from './list-options.js';
import {readPolledActorRows, readPolledActors} from './polled-entities.js';
import {redactSerializedRuntimeEnv} from './redact.js';
import type {HistoryRequest} from './request.js';
import {answerStateList, filterRows, type StateColumn, type StateRow} from './state-list.js';

const NIL_ID = 'f'.repeat(56);

/** `GET /logical/actors` and, with an id, `GET /logical/actors/{id}` */
export function answerLogicalActors(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const wanted = query.get('ids')?.split(',');
	const polled = readPolledActors(reader);
	if (polled !== undefined) {
		const actors =
			wanted === undefined ? polled : Object.fromEntries(wanted.map(id => [id, polled[id] ?? null]));
		return answerResult('All actors fetched.', {actors});
	}

	if (wanted === undefined) return answerJsonText(writeLogicalActors(reader));
	const places = readPlaces(reader);
	return answerResult('All actors fetched.', {
		actors: Object.fromEntries(
			wanted.map(id => {
				const actor = reader.entity('actor', id);
				return [id, actor === undefined ? null : describeActor(actor, places)];
			}),
		),
	});
}

/** The head has no limit here. */
function* writeLogicalActors(reader: SessionReader): Generator<string, void, undefined> {
	const places = readPlaces(reader);
	let text = '{"result":true,"msg":"All actors fetched.","data":{"actors":{';
	let separator = '';
	for (const actor of reader.eachEntity('actor')) {
		text += `${separator}"${actor.actorId}":${JSON.stringify(describeActor(actor, places))}`;
		separator = ',';
		if (text.length >= 65_536) {
			yield text;
			text = '';
		}
	}

	yield `${text}}}}`;
}

export function answerLogicalActor(reader: SessionReader, actorId: string): HistoryAnswer {
	const actor = reader.entity('actor', actorId);
	return answerResult('Actor details fetched.', {
		// Other than in the list, the head renames resources here as well.
		detail:
			actor === undefined
				? (readPolledActors(reader)?.[actorId] ?? null)
				: toGoogleStyle(describeActor(actor, readPlaces(reader))),
	});
}

export function readNodes(reader: SessionReader): ReadonlyMap<string, NodeRecord> {
	return new Map(reader.entities('node').map(node => [node.nodeId, node]));
}

/** Where actors may be. */
export interface Places {
	readonly nodes: ReadonlyMap<string, NodeRecord>;
	/** Nodes of drivers by job. */
	readonly drivers: ReadonlyMap<string, string>;
}

export function readPlaces(reader: SessionReader): Places {
	return {
		nodes: readNodes(reader),
		drivers: new Map(reader.entities('job').map(({jobId, driverNodeId}) => [jobId, driverNodeId])),
	};
}

/** As the dashboard's actor pages know it. What only a live process could tell is absent or empty. */
export function describeActor(actor: ActorRecord, places: Places): JsonObject {
	const {placementGroupId, callSite} = actor;
	return {
		actorId: actor.actorId,
		jobId: actor.jobId,
		address: describeAddress(actor, places),
		name: actor.name,
		className: actor.className,
		labelSelector: actor.labelSelector,
		state: actor.state,
		numRestarts: String(actor.restarts),
		timestamp: actor.changedMs,
		pid: actor.pid,
		startTime: actor.startMs,
		endTime: actor.endMs,
		reprName: actor.displayName,
		...(placementGroupId === '' ? {} : {placementGroupId}),
		...(callSite === '' ? {} : {callSite}),
		actorClass: actor.className,
		exitDetail: describeExit(actor.deathCause),
		requiredResources: dropGroupSuffixes(actor.requiredResources),
		gpus: [],
		processStats: null,
		mem: [],
		tpus: [],
	};
}

function describeAddress(actor: ActorRecord, places: Places): JsonObject {
	const hasLived = actor.incarnations.length > 0;
	if (hasLived && !actor.isUnplaced) {
		const ipAddress = places.nodes.get(actor.nodeId)?.ip ?? '';
		return {nodeId: actor.nodeId, ipAddress, port: actor.port, workerId: actor.workerId};
	}

	// One that was alive, or died before it was given a worker, has an empty address; one that still waits has a nil one.
	const nil = hasLived || actor.state === 'DEAD' ? '' : NIL_ID;
	return {nodeId: findAskedNode(actor, places) ?? nil, ipAddress: '', port: 0, workerId: nil};
}

/** True for each node it lived on, as one that moved on stays listed where it was, and for the last that was asked. */
export function wasAtNode(actor: ActorRecord, nodeId: string, places: Places): boolean {
	return actor.incarnations.some(([lived]) => lived === nodeId) || findAskedNode(actor, places) === nodeId;
}

/**
 * The node that was asked for a worker by the time the actor died. No event says which; the head asks the only
 * one it may go to, the owner's if it needs anything there, else any.
 */
function findAskedNode(actor: ActorRecord, {nodes, drivers}: Places): string | undefined {
	const {deathCause, jobId, labelSelector, requiredResources, endMs} = actor;
	if (!actor.isUnplaced || deathCause === null) return undefined;
	const wanted = readText(labelSelector['ray.io/node-id']);
	if (nodes.has(wanted)) return wanted;
	const {errorMessage} = readObject(deathCause['runtimeEnvFailedContext']);
	const ip = /\[Node ([^\]]+)\]/.exec(readText(errorMessage))?.[1];
	const candidates = [...nodes.values()].filter(
		node =>
			(ip === undefined || node.ip === ip) &&
			node.startMs <= endMs &&
			(node.endMs === 0 || node.endMs > endMs),
	);
	if (candidates.length === 1) return candidates[0]!.nodeId;
	const {ownerId} = readObject(deathCause['actorDiedErrorContext']);
	const isOfDriver = readId(ownerId, 'ownerId').slice(0, 8) === jobId;
	return isOfDriver && Object.keys(requiredResources).length > 0 ? drivers.get(jobId) : undefined;
}

/** In this order, as the head looks for it. */
function describeExit(cause: JsonObject | null): string {
	if (cause === null) return '-';
	for (const member of ['actorDiedErrorContext', 'runtimeEnvFailedContext', 'actorUnschedulableContext']) {
		if (cause[member] !== undefined) return readText(readObject(cause[member])['errorMessage']);
	}

	const {creationTaskFailureContext: creation} = cause;
	return creation === undefined ? '-' : readText(readObject(creation)['formattedExceptionString']);
}

/** "CPU_group_0_<id>" and "CPU_group_<id>" are both "CPU" of a placement group; the former is the exact one. */
export function dropGroupSuffixes(resources: Readonly<Record<string, number>>): Record<string, number> {
	const plain: Record<string, number> = {};
	for (const [name, amount] of Object.entries(resources)) {
		const [, original, index] = /^(.+?)_group_(?:(\d+)_)?[\da-f]+$/.exec(name) ?? [undefined, name];
		if (original === 'bundle') continue;
		if (index !== undefined || !(original in plain)) plain[original] = amount;
	}

	return plain;
}

const COLUMNS: readonly StateColumn[] = [
	...['actor_id', 'class_name', 'state', 'job_id', 'name', 'node_id', 'pid', 'ray_namespace'].map(name => ({
		name,
		isFilterable: true,
		isOptional: name === 'node_id',
	})),
	...['serialized_runtime_env', 'required_resources', 'death_cause', 'is_detached'].map(name => ({
		name,
		isDetail: true,
	})),
	{name: 'placement_group_id', isDetail: true, isFilterable: true, isOptional: true},
	{name: 'repr_name', isDetail: true, isFilterable: true},
	...[
		'num_restarts',
		'num_restarts_due_to_lineage_reconstruction',
		'num_restarts_due_to_node_preemption',
		'call_site',
		'label_selector',
		'fallback_strategy',
	].map(name => ({name, isDetail: true})),
];

/** `GET /api/v0/actors` */
export function answerActors(reader: SessionReader, {query, isBrowser}: HistoryRequest): HistoryAnswer {
	const options = readListOptions(query);
	assertFilters(options.filters);
	const rows = readRows(reader, isBrowser);
	return answerStateList(rows, COLUMNS, options);
}

const STATES = ['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'ALIVE', 'RESTARTING', 'DEAD'];

/** What the head's own source looks for must be what it is said to be. */
function assertFilters(filters: readonly ListFilter[]): void {
	for (const filter of filters.filter(({isNegated}) => !isNegated)) {
		assertIds([filter], {actor_id: 16, job_id: 4});
		assertState([filter], 'actor', STATES);
	}
}

/** `GET /api/v0/actors/summarize` */
export function answerActorSummary(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const rows = readRows(reader, false);
	const filters = readFilters(query);
	assertFilters(filters);
	const passed = filterRows(rows, COLUMNS, filters);
	const summary: Record<string, {class_name: string; state_counts: Record<string, number>}> = {};
	for (const {class_name: name, state} of passed) {
		const group = (summary[String(name)] ??= {class_name: String(name), state_counts: {}});
		group.state_counts[String(state)] = (group.state_counts[String(state)] ?? 0) + 1;
	}

	return answerResult('', {
		result: {
			total: rows.length,
			num_after_truncation: rows.length,
			num_filtered: passed.length,
			result: {node_id_to_summary: {cluster: {summary, total_actors: passed.length, summary_by: 'class'}}},
			partial_failure_warning: '',
			warnings: null,
		},
	});
}

function readRows(reader: SessionReader, redacts: boolean): readonly StateRow[] {
	const rows = reader.entities('actor').map(actor => toStateRow(actor, redacts));
	return rows.length > 0 ? rows : readPolledActorRows(reader);
}

function toStateRow(actor: ActorRecord, redacts: boolean): StateRow {
	return {
		actor_id: actor.actorId,
		class_name: actor.className,
		state: actor.state,
		job_id: actor.jobId,
		name: actor.name,
		node_id: actor.nodeId || null,
		pid: actor.pid,
		ray_namespace: actor.namespace,
		serialized_runtime_env: redacts
			? redactSerializedRuntimeEnv(actor.serializedRuntimeEnv)
			: actor.serializedRuntimeEnv,
		required_resources: actor.requiredResources,
		death_cause: actor.deathCause === null ? null : toSnakeCase(actor.deathCause),
		is_detached: actor.isDetached,
		placement_group_id: actor.placementGroupId || null,
		repr_name: actor.displayName,
		num_restarts: String(actor.restarts),
		num_restarts_due_to_lineage_reconstruction: String(actor.lineageRestarts),
		num_restarts_due_to_node_preemption: String(actor.preemptionRestarts),
		call_site: actor.callSite || null,
		label_selector: actor.labelSelector,
		fallback_strategy: null,
	};
}

const ID_MEMBERS = ['actorId', 'ownerId', 'jobId', 'nodeId', 'placementGroupId'];

/** Members of a message as the state API names them, ids as hex. */
function toSnakeCase(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(toSnakeCase);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, member]) => [
			name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
			ID_MEMBERS.includes(name) ? readHexId(member) : toSnakeCase(member),
		]),
	);
}

function readHexId(value: unknown): string | null {
	const id = readId(value, 'id');
	return isNilId(id) ? null : id;
}
