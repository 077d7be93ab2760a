import {
	decodeActorTaskDefinition,
	decodeTaskDefinition,
	type TaskDefinition,
} from './decode-task-definition.js';
import {decodeTaskLifecycle, type TaskChange} from './decode-task-lifecycle.js';
import {decodeTaskProfile, type TaskProfile} from './decode-task-profile.js';
import {DamageError, isObject, readId, readNanoseconds, readText, type JsonObject} from './wire-values.js';

/** What entities other than tasks are called in the store. */
export type EntityKind = 'actor' | 'node' | 'worker' | 'job' | 'placement_group' | 'submission' | 'platform';

interface EventBase {
	readonly sessionName: string;
	/**
	 * Orders everything that is said of one thing: nanoseconds, then the event's id. Of two values the one
	 * with the greater clock stays, whichever came first, so neither order nor repetition matters.
	 */
	readonly clock: string;
	readonly timestampNs: string;
}

export type HistoryEvent =
	| (EventBase & {readonly type: 'task-defined'; readonly definition: TaskDefinition})
	| (EventBase & {readonly type: 'task-changed'; readonly change: TaskChange})
	| (EventBase & {readonly type: 'task-profiled'; readonly profile: TaskProfile})
	| (EventBase & {
			readonly type: 'entity-reported';
			readonly kind: EntityKind;
			readonly entityId: string;
			/** The payload as it came, with `member` naming which of the event's payloads it is. */
			readonly payload: {readonly member: string; readonly body: JsonObject};
	  });

/** Member of the payload, kind of entity, member of its id, and whether that is base64. */
const ENTITY_MEMBERS: Readonly<Record<string, readonly [string, EntityKind, string, boolean]>> = {
	ACTOR_DEFINITION_EVENT: ['actorDefinitionEvent', 'actor', 'actorId', true],
	ACTOR_LIFECYCLE_EVENT: ['actorLifecycleEvent', 'actor', 'actorId', true],
	NODE_DEFINITION_EVENT: ['nodeDefinitionEvent', 'node', 'nodeId', true],
	NODE_LIFECYCLE_EVENT: ['nodeLifecycleEvent', 'node', 'nodeId', true],
	WORKER_DEFINITION_EVENT: ['workerDefinitionEvent', 'worker', 'workerId', true],
	WORKER_LIFECYCLE_EVENT: ['workerLifecycleEvent', 'worker', 'workerId', true],
	DRIVER_JOB_DEFINITION_EVENT: ['driverJobDefinitionEvent', 'job', 'jobId', true],
	DRIVER_JOB_LIFECYCLE_EVENT: ['driverJobLifecycleEvent', 'job', 'jobId', true],
	PLACEMENT_GROUP_DEFINITION_EVENT: [
		'placementGroupDefinitionEvent',
		'placement_group',
		'placementGroupId',
		true,
	],
	PLACEMENT_GROUP_LIFECYCLE_EVENT: [
		'placementGroupLifecycleEvent',
		'placement_group',
		'placementGroupId',
		true,
	],
	SUBMISSION_JOB_DEFINITION_EVENT: ['submissionJobDefinitionEvent', 'submission', 'submissionId', false],
	SUBMISSION_JOB_LIFECYCLE_EVENT: ['submissionJobLifecycleEvent', 'submission', 'submissionId', false],
};

/**
 * One event of Ray's export, from JSON.
 *
 * @throws {DamageError} for what can never be an event: no object, no id, no known type, or a payload whose
 * ids or times cannot be read. Members we do not know are left alone.
 */
export function decodeEvent(raw: unknown): HistoryEvent {
	if (!isObject(raw)) throw new DamageError('no JSON object');
	const eventId = readText(raw['eventId']);
	if (eventId === '') throw new DamageError('no eventId');
	const type = readText(raw['eventType']);
	const timestampNs = readNanoseconds(raw['timestamp'], 'timestamp');
	const base = {
		sessionName: readText(raw['sessionName']),
		timestampNs,
		clock: `${timestampNs.padStart(19, '0')}${eventId}`,
	};
	switch (type) {
		case 'TASK_DEFINITION_EVENT':
			return {
				...base,
				type: 'task-defined',
				definition: decodeTaskDefinition(payload(raw, 'taskDefinitionEvent')),
			};
		case 'ACTOR_TASK_DEFINITION_EVENT':
			return {
				...base,
				type: 'task-defined',
				definition: decodeActorTaskDefinition(payload(raw, 'actorTaskDefinitionEvent')),
			};
		case 'TASK_LIFECYCLE_EVENT':
			return {...base, type: 'task-changed', change: decodeTaskLifecycle(payload(raw, 'taskLifecycleEvent'))};
		case 'TASK_PROFILE_EVENT':
			return {...base, type: 'task-profiled', profile: decodeTaskProfile(payload(raw, 'taskProfileEvents'))};
		case 'PLATFORM_EVENT':
			return {
				...base,
				type: 'entity-reported',
				kind: 'platform',
				entityId: eventId,
				payload: {member: 'platformEvent', body: payload(raw, 'platformEvent')},
			};
		default:
	}

	const known = ENTITY_MEMBERS[type];
	if (known === undefined) throw new DamageError(`unknown event type ${JSON.stringify(type.slice(0, 80))}`);
	const [member, kind, idMember, isBase64] = known;
	const body = payload(raw, member);
	const entityId = isBase64 ? readId(body[idMember], idMember) : readText(body[idMember]);
	if (entityId === '') throw new DamageError(`no ${idMember}`);
	return {...base, type: 'entity-reported', kind, entityId, payload: {member, body}};
}

function payload(raw: JsonObject, member: string): JsonObject {
	const value = raw[member];
	if (!isObject(value)) throw new DamageError(`no ${member}`);
	return value;
}
