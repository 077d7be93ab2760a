/**
 * Ray's enumerations, in the order of their numbers (`common.proto`, `gcs.proto` of Ray 2.60). The order of
 * `TASK_STATES` is what decides a task's state.
 */
export const TASK_STATES = [
	'NIL',
	'PENDING_ARGS_AVAIL',
	'PENDING_NODE_ASSIGNMENT',
	'PENDING_OBJ_STORE_MEM_AVAIL',
	'PENDING_ARGS_FETCH',
	'SUBMITTED_TO_WORKER',
	'PENDING_ACTOR_TASK_ARGS_FETCH',
	'PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY',
	'RUNNING',
	'RUNNING_IN_RAY_GET',
	'RUNNING_IN_RAY_WAIT',
	'FINISHED',
	'FAILED',
	'GETTING_AND_PINNING_ARGS',
] as const;

export const STATE_PENDING_ARGS_AVAIL = 1;
export const STATE_RUNNING = 8;
export const STATE_FINISHED = 11;
export const STATE_FAILED = 12;

export const TASK_TYPES = ['NORMAL_TASK', 'ACTOR_CREATION_TASK', 'ACTOR_TASK', 'DRIVER_TASK'] as const;
export const TYPE_ACTOR_CREATION = 1;
export const TYPE_ACTOR_TASK = 2;
export const TYPE_DRIVER = 3;

/** A message on a dead worker's tasks has the number of its exit type. */
export const WORKER_EXIT_TYPES = [
	'SYSTEM_ERROR',
	'INTENDED_SYSTEM_EXIT',
	'USER_ERROR',
	'INTENDED_USER_EXIT',
	'NODE_OUT_OF_MEMORY',
] as const;
