/**
 * What the reports of each kind of entity come to. Ids are hex, "" where there is none; times are
 * milliseconds since 1970, 0 where there is none.
 */

export interface ActorRecord {
	readonly actorId: string;
	readonly jobId: string;
	readonly name: string;
	readonly namespace: string;
	readonly className: string;
	readonly isDetached: boolean;
	readonly serializedRuntimeEnv: string;
	readonly requiredResources: Readonly<Record<string, number>>;
	readonly placementGroupId: string;
	readonly labelSelector: Readonly<Record<string, unknown>>;
	readonly callSite: string;
	readonly state: string;
	/** Of the last time it was alive, as are the next three. */
	readonly nodeId: string;
	readonly workerId: string;
	readonly pid: number;
	readonly port: number;
	readonly displayName: string;
	/** It was to be given a worker, and has none since. */
	readonly isUnplaced: boolean;
	/** All workers it ever lived in with their nodes, oldest first: its logs lie there. */
	readonly incarnations: readonly (readonly [string, string])[];
	readonly startMs: number;
	readonly endMs: number;
	/** Of the last change since it was first alive. */
	readonly changedMs: number;
	readonly restarts: number;
	readonly lineageRestarts: number;
	readonly preemptionRestarts: number;
	/** As in the event. */
	readonly deathCause: Readonly<Record<string, unknown>> | null;
}

export interface NodeRecord {
	readonly nodeId: string;
	readonly ip: string;
	readonly hostname: string;
	readonly name: string;
	readonly instanceId: string;
	readonly instanceTypeName: string;
	readonly labels: Readonly<Record<string, unknown>>;
	readonly state: string;
	readonly startMs: number;
	readonly endMs: number;
	readonly resources: Readonly<Record<string, number>>;
	readonly deathReason: string;
	readonly deathMessage: string;
}

export interface WorkerRecord {
	readonly workerId: string;
	readonly nodeId: string;
	readonly jobId: string;
	readonly pid: number;
	readonly type: string;
	readonly isAlive: boolean;
	/** Digits, because Ray's "not known" is 2^64 - 1. */
	readonly launchMs: string;
	readonly launchedMs: string;
	readonly startMs: number;
	readonly endMs: number;
	readonly exitType: string;
	readonly exitDetail: string;
}

export interface JobRecord {
	readonly jobId: string;
	/** Jobs without a definition are Ray's own and are not listed. */
	readonly isDefined: boolean;
	readonly driverPid: string;
	readonly driverNodeId: string;
	readonly entrypoint: string;
	readonly serializedRuntimeEnv: string;
	readonly metadata: Readonly<Record<string, string>>;
	readonly startMs: number;
	readonly endMs: number;
	readonly isFinished: boolean;
}

export interface PlacementGroupRecord {
	readonly placementGroupId: string;
	readonly name: string;
	readonly creatorJobId: string;
	readonly isDetached: boolean;
	readonly strategy: string;
	readonly state: string;
	readonly bundles: readonly {
		readonly index: number;
		readonly resources: Readonly<Record<string, number>>;
		readonly labelSelector: Readonly<Record<string, unknown>>;
		readonly nodeId: string;
	}[];
	readonly creationNs: string;
	readonly schedulingState: string;
	readonly schedulingAttempt: number;
	readonly highestRetryDelayMs: number;
	readonly schedulingStartedNs: string;
	readonly createdNs: string;
}

export interface SubmissionRecord {
	readonly submissionId: string;
	readonly entrypoint: string;
	readonly serializedRuntimeEnv: string;
	readonly metadata: Readonly<Record<string, string>>;
	readonly status: string;
	readonly message: string;
	readonly errorType: string;
	readonly startMs: number;
	readonly endMs: number;
	readonly driverNodeId: string;
	readonly driverAgentHttpAddress: string;
	readonly driverExitCode: number | null;
}

export interface PlatformRecord {
	readonly eventId: string;
	readonly timestampMs: number;
	readonly body: Readonly<Record<string, unknown>>;
}

export interface EntityRecords {
	readonly actor: ActorRecord;
	readonly node: NodeRecord;
	readonly worker: WorkerRecord;
	readonly job: JobRecord;
	readonly placement_group: PlacementGroupRecord;
	readonly submission: SubmissionRecord;
	readonly platform: PlatformRecord;
}
