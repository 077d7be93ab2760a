import {isObject, readNumber, readObject, readText, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import type {StateRow} from './state-list.js';

/*
 * Actors and nodes of a session of which a collector asked the head, but whose events nobody exported.
 * Where there are events of any, they alone count: they tell more, and to the end.
 */

/** As `/logical/actors` shows them, by id; undefined where events tell of actors, or nobody asked. */
export function readPolledActors(reader: SessionReader): Readonly<Record<string, JsonObject>> | undefined {
	if (reader.eachEntity('actor').next().done !== true) return undefined;
	const body = reader.snapshot('/logical/actors')?.body;
	if (body === undefined) return undefined;
	const actors = readObject(readObject(readBody(body)['data'])['actors']);
	return Object.fromEntries(
		Object.entries(actors).filter((entry): entry is [string, JsonObject] => isObject(entry[1])),
	);
}

/** As the state API shows them; what the head told of in `/logical/actors` only. */
export function readPolledActorRows(reader: SessionReader): readonly StateRow[] {
	return Object.entries(readPolledActors(reader) ?? {})
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([id, actor]) => ({
			actor_id: id,
			class_name: readText(actor['className']),
			state: readText(actor['state']),
			job_id: readText(actor['jobId']),
			name: readText(actor['name']),
			node_id: readText(readObject(actor['address'])['nodeId']) || null,
			pid: readNumber(actor['pid']),
			ray_namespace: readText(actor['rayNamespace']),
			required_resources: readObject(actor['requiredResources']),
			placement_group_id: readText(actor['placementGroupId']) || null,
			repr_name: readText(actor['reprName']),
			num_restarts: String(readNumber(actor['numRestarts'])),
			call_site: readText(actor['callSite']) || null,
			label_selector: readObject(actor['labelSelector']),
		}));
}

/** Rows of `/api/v0/nodes?detail=1`; none where events tell of nodes. */
export function readPolledNodeRows(reader: SessionReader): readonly StateRow[] {
	if (reader.entities('node').length > 0) return [];
	let value: unknown = readBody(reader.snapshot('/api/v0/nodes')?.body ?? '{}');
	for (const member of ['data', 'result', 'result']) value = readObject(value)[member];
	return Array.isArray(value) ? value.filter(isObject) : [];
}

function readBody(body: string): JsonObject {
	return readObject(JSON.parse(body));
}
