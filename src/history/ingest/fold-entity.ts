import type {EntityKind} from './decode-event.js';
import {readResources} from './decode-task-definition.js';
import type {EntityRecords} from './entity-records.js';
import {WORKER_EXIT_TYPES} from './ray-enums.js';
import {
	dropNil,
	readEnum,
	readId,
	readNanoseconds,
	readNumber,
	readObject,
	readObjects,
	readText,
	toMilliseconds,
	type JsonObject,
} from './wire-values.js';

/** One report of an entity: which of the event's payloads, and the payload. */
export interface EntityReport {
	readonly clock: string;
	readonly member: string;
	readonly body: JsonObject;
}

interface Transition {
	readonly state: string;
	readonly ns: string;
	readonly ms: number;
	readonly body: JsonObject;
}

/**
 * Folds all that was reported of one entity.
 *
 * @param reports - each once, in the order of their clocks.
 */
export function foldEntity<Kind extends EntityKind>(
	kind: Kind,
	entityId: string,
	reports: readonly EntityReport[],
): EntityRecords[Kind] {
	return FOLDS[kind](entityId, reports);
}

/** In the order of their numbers. */
const ACTOR_STATES = ['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'ALIVE', 'RESTARTING', 'DEAD'];
/** Of workers too. */
const NODE_STATES = ['ALIVE', 'DEAD'];
const JOB_STATES = ['UNSPECIFIED', 'CREATED', 'FINISHED'];
const PLACEMENT_GROUP_STATES = ['PENDING', 'PREPARED', 'CREATED', 'REMOVED', 'RESCHEDULING'];
const SUBMISSION_STATES = ['UNSPECIFIED', 'PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'];

const FOLDS: {
	readonly [Kind in EntityKind]: (entityId: string, reports: readonly EntityReport[]) => EntityRecords[Kind];
} = {
	actor(actorId, reports) {
		const definition = lastBody(reports, 'actorDefinitionEvent');
		const transitions = readTransitions(reports, 'actorLifecycleEvent', ACTOR_STATES);
		const alive = transitions.filter(({state}) => state === 'ALIVE');
		const last = transitions.at(-1);
		const lived = alive.at(-1)?.body ?? {};
		// It may be told of its death again when its job ends.
		const death =
			last?.state === 'DEAD'
				? transitions[transitions.findLastIndex(({state}) => state !== 'DEAD') + 1]
				: undefined;
		const restarts = transitions.filter(({state}) => state === 'RESTARTING');
		const restartsFor = (reason: string) =>
			restarts.filter(({body}) => readText(body['restartReason']) === reason).length;
		const wait = transitions.findLastIndex(
			({state}) => state === 'PENDING_CREATION' || state === 'RESTARTING',
		);
		return {
			actorId,
			jobId: readId(definition['jobId'], 'jobId') || actorId.slice(24),
			name: readText(definition['name']),
			namespace: readText(definition['rayNamespace']),
			className: readText(definition['className']),
			isDetached: definition['isDetached'] === true,
			serializedRuntimeEnv: readText(definition['serializedRuntimeEnv']),
			requiredResources: readResources(definition['requiredResources']),
			placementGroupId: dropNil(readId(definition['placementGroupId'], 'placementGroupId')),
			labelSelector: readObject(definition['labelSelector']),
			callSite: readText(definition['callSite']),
			state: last?.state ?? 'DEPENDENCIES_UNREADY',
			nodeId: readId(lived['nodeId'], 'nodeId'),
			workerId: readId(lived['workerId'], 'workerId'),
			pid: readNumber(lived['pid']),
			port: readNumber(lived['port']),
			displayName: alive.map(({body}) => readText(body['reprName'])).findLast(name => name !== '') ?? '',
			isUnplaced: wait > transitions.findLastIndex(({state}) => state === 'ALIVE'),
			incarnations: alive.map(({body}) => [
				readId(body['nodeId'], 'nodeId'),
				readId(body['workerId'], 'workerId'),
			]),
			startMs: alive[0]?.ms ?? 0,
			endMs: death?.ms ?? 0,
			changedMs: last?.state === 'ALIVE' || last?.state === 'DEAD' ? last.ms : (alive.at(-1)?.ms ?? 0),
			restarts: restarts.length,
			lineageRestarts: restartsFor('LINEAGE_RECONSTRUCTION'),
			preemptionRestarts: restartsFor('NODE_PREEMPTION'),
			deathCause: death?.body['deathCause'] === undefined ? null : readObject(death.body['deathCause']),
		};
	},

	node(nodeId, reports) {
		const definition = lastBody(reports, 'nodeDefinitionEvent');
		const transitions = readTransitions(reports, 'nodeLifecycleEvent', NODE_STATES);
		// Once dead a node stays so: it comes back under another id.
		const death = transitions.findLast(({state}) => state === 'DEAD');
		const resources = transitions.findLast(({body}) => Object.keys(readObject(body['resources'])).length > 0);
		const deathInfo = readObject(death?.body['deathInfo']);
		return {
			nodeId,
			ip: readText(definition['nodeIpAddress']),
			hostname: readText(definition['hostname']),
			name: readText(definition['nodeName']),
			instanceId: readText(definition['instanceId']),
			instanceTypeName: readText(definition['instanceTypeName']),
			labels: readObject(definition['labels']),
			state: death === undefined ? 'ALIVE' : 'DEAD',
			startMs: toMilliseconds(readNanoseconds(definition['startTimestamp'], 'startTimestamp')),
			endMs: death?.ms ?? 0,
			resources: readResources(resources?.body['resources']),
			deathReason: readText(deathInfo['reason']),
			deathMessage: readText(deathInfo['reasonMessage']),
		};
	},

	worker(workerId, reports) {
		const definition = lastBody(reports, 'workerDefinitionEvent');
		const lifecycle = lastBody(reports, 'workerLifecycleEvent');
		const transitions = readTransitions(reports, 'workerLifecycleEvent', NODE_STATES);
		const alive = transitions.findLast(({state}) => state === 'ALIVE')?.body ?? {};
		const death = transitions.findLast(({state}) => state === 'DEAD');
		const deathInfo = readObject(death?.body['deathInfo']);
		return {
			workerId,
			nodeId: readId(definition['nodeId'], 'nodeId'),
			jobId: dropNil(readId(lifecycle['jobId'], 'jobId')),
			pid: readNumber(definition['pid']),
			type: readText(definition['workerType']) || 'WORKER',
			isAlive: death === undefined,
			launchMs: readDigits(alive['workerLaunchTimeMs']),
			launchedMs: readDigits(alive['workerLaunchedTimeMs']),
			startMs: readNumber(alive['startTimeMs']),
			endMs: death === undefined ? 0 : readNumber(death.body['endTimeMs']) || death.ms,
			exitType:
				death === undefined
					? ''
					: readText(deathInfo['exitType']) ||
						readEnum(deathInfo['exitType'], WORKER_EXIT_TYPES) ||
						'SYSTEM_ERROR',
			exitDetail: readText(deathInfo['exitDetail']),
		};
	},

	job(jobId, reports) {
		const definition = lastBody(reports, 'driverJobDefinitionEvent');
		const transitions = readTransitions(reports, 'driverJobLifecycleEvent', JOB_STATES);
		const finish = transitions.findLast(({state}) => state === 'FINISHED');
		const config = readObject(definition['config']);
		return {
			jobId,
			isDefined: reports.some(({member}) => member === 'driverJobDefinitionEvent'),
			driverPid: readDigits(definition['driverPid']),
			driverNodeId: readId(definition['driverNodeId'], 'driverNodeId'),
			entrypoint: readText(definition['entrypoint']),
			serializedRuntimeEnv: readText(config['serializedRuntimeEnv']),
			metadata: readTexts(config['metadata']),
			startMs: transitions.find(({state}) => state === 'CREATED')?.ms ?? 0,
			endMs: finish?.ms ?? 0,
			isFinished: finish !== undefined,
		};
	},

	placement_group(placementGroupId, reports) {
		const definition = lastBody(reports, 'placementGroupDefinitionEvent');
		const transitions = readTransitions(reports, 'placementGroupLifecycleEvent', PLACEMENT_GROUP_STATES);
		const last = transitions.at(-1);
		const placed = transitions.findLast(({body}) => readObjects(body['bundlePlacements']).length > 0);
		const nodes = new Map(
			readObjects(placed?.body['bundlePlacements']).map(({bundleIndex, nodeId}) => [
				readNumber(bundleIndex),
				readId(nodeId, 'nodeId'),
			]),
		);
		return {
			placementGroupId,
			name: readText(definition['name']),
			creatorJobId: readId(definition['creatorJobId'], 'creatorJobId'),
			isDetached: definition['isDetached'] === true,
			strategy: readText(definition['strategy']),
			state: last?.state ?? 'PENDING',
			bundles: readObjects(definition['bundles']).map(({bundleIndex, unitResources, labelSelector}) => ({
				index: readNumber(bundleIndex),
				resources: readResources(unitResources),
				labelSelector: readObject(labelSelector),
				nodeId: nodes.get(readNumber(bundleIndex)) ?? '',
			})),
			creationNs: readDigits(definition['creationRequestReceivedNs']),
			// In an event it may not be called as the state is.
			schedulingState:
				readText(last?.body['schedulingState']).replace('SCHEDULING_REMOVED', 'REMOVED') || 'QUEUED',
			schedulingAttempt: Math.max(0, ...transitions.map(({body}) => readNumber(body['schedulingAttempt']))),
			highestRetryDelayMs: Math.max(
				0,
				...transitions.map(({body}) => readNumber(body['highestRetryDelayMs'])),
			),
			schedulingStartedNs:
				transitions.findLast(({body}) => body['schedulingState'] === 'SCHEDULING_STARTED')?.ns ?? '0',
			createdNs: transitions.findLast(({state}) => state === 'CREATED')?.ns ?? '0',
		};
	},

	submission(submissionId, reports) {
		const definition = lastBody(reports, 'submissionJobDefinitionEvent');
		const transitions = readTransitions(reports, 'submissionJobLifecycleEvent', SUBMISSION_STATES);
		const config = readObject(definition['config']);
		const last = transitions.at(-1);
		const driven = transitions.findLast(({body}) => readText(body['driverAgentHttpAddress']) !== '');
		const exit = transitions.findLast(({body}) => body['driverExitCode'] !== undefined);
		return {
			submissionId,
			entrypoint: readText(definition['entrypoint']),
			serializedRuntimeEnv: readText(config['serializedRuntimeEnv']),
			metadata: readTexts(config['metadata']),
			status: last?.state ?? 'PENDING',
			message: readText(last?.body['message']),
			errorType: readText(last?.body['errorType']),
			startMs: transitions[0]?.ms ?? 0,
			endMs: ['STOPPED', 'SUCCEEDED', 'FAILED'].includes(last?.state ?? '') ? last!.ms : 0,
			driverNodeId: dropNil(readId(driven?.body['driverNodeId'], 'driverNodeId')),
			driverAgentHttpAddress: readText(driven?.body['driverAgentHttpAddress']),
			driverExitCode: exit === undefined ? null : readNumber(exit.body['driverExitCode']),
		};
	},

	platform(eventId, reports) {
		const report = reports.at(-1)!;
		return {eventId, timestampMs: toMilliseconds(report.clock.slice(0, 19)), body: report.body};
	},
};

function lastBody(reports: readonly EntityReport[], member: string): JsonObject {
	return reports.findLast(report => report.member === member)?.body ?? {};
}

/** In order of time; of two at the same time, the one that was reported later comes later. */
function readTransitions(
	reports: readonly EntityReport[],
	member: string,
	states: readonly string[],
): Transition[] {
	return (
		reports
			.filter(report => report.member === member)
			.flatMap(({body}) => readObjects(body['stateTransitions']))
			.map(body => {
				const ns = readNanoseconds(body['timestamp'], 'stateTransitions.timestamp');
				return {
					state: readText(body['state']) || readEnum(body['state'], states),
					ns,
					ms: toMilliseconds(ns),
					body,
				};
			})
			// One that came with a later Ray, by its number.
			.filter(({state}) => state !== '')
			.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0))
	);
}

function readDigits(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '0';
}

function readTexts(value: unknown): Readonly<Record<string, string>> {
	return Object.fromEntries(
		Object.entries(readObject(value)).filter(
			(entry): entry is [string, string] => typeof entry[1] === 'string',
		),
	);
}
