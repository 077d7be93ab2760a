import {isObject, type JsonObject} from '../ingest/wire-values.js';
import type {PlacementGroupRecord} from '../ingest/entity-records.js';
import type {SessionReader} from '../store/session-reader.js';
import type {HistoryAnswer} from './answer.js';
import {readListOptions} from './list-options.js';
import type {HistoryRequest} from './request.js';
import {answerStateList, type StateColumn, type StateRow} from './state-list.js';

const COLUMNS: readonly StateColumn[] = [
	{name: 'placement_group_id', isFilterable: true},
	{name: 'name', isFilterable: true},
	{name: 'creator_job_id', isFilterable: true},
	{name: 'state', isFilterable: true},
	{name: 'bundles', isDetail: true},
	{name: 'is_detached', isDetail: true, isFilterable: true},
	{name: 'stats', isDetail: true},
	{name: 'topology_strategy', isDetail: true},
	{name: 'topology_assignments', isDetail: true},
];

/** `GET /api/v0/placement_groups`: those of the last poll, and those that only events tell of. */
export function answerPlacementGroups(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const rows = new Map<string, StateRow>();
	for (const record of reader.entities('placement_group'))
		rows.set(record.placementGroupId, toStateRow(record));
	for (const row of readPolled(reader.snapshot('/api/v0/placement_groups')?.body)) {
		rows.set(String(row['placement_group_id']), row);
	}

	const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
	return answerStateList(sorted, COLUMNS, readListOptions(query));
}

function readPolled(body: string | undefined): readonly JsonObject[] {
	let value: unknown = body === undefined ? undefined : JSON.parse(body);
	for (const member of ['data', 'result', 'result']) value = isObject(value) ? value[member] : undefined;
	return Array.isArray(value) ? value.filter(isObject) : [];
}

function toStateRow(group: PlacementGroupRecord): StateRow {
	const latencyUs = (from: string) =>
		group.createdNs === '0' || from === '0' ? '0' : String((BigInt(group.createdNs) - BigInt(from)) / 1000n);
	return {
		placement_group_id: group.placementGroupId,
		name: group.name,
		creator_job_id: group.creatorJobId,
		state: group.state,
		bundles: group.bundles.map(({index, resources, labelSelector, nodeId}) => ({
			bundle_id: {placement_group_id: group.placementGroupId, bundle_index: index},
			unit_resources: resources,
			node_id: nodeId || null,
			label_selector: labelSelector,
		})),
		is_detached: group.isDetached,
		stats: {
			creation_request_received_ns: group.creationNs,
			scheduling_started_time_ns: group.schedulingStartedNs,
			scheduling_latency_us: latencyUs(group.schedulingStartedNs),
			end_to_end_creation_latency_us: latencyUs(group.creationNs),
			scheduling_attempt: group.schedulingAttempt,
			scheduling_state: group.schedulingState,
			highest_retry_delay_ms: group.highestRetryDelayMs,
		},
		topology_strategy: {},
		topology_assignments: {},
	};
}
