import type {ClusterKey} from '../store/history-types.js';

/** The cluster that all runs of this program belong to. */
export const LOCAL_CLUSTER: ClusterKey = {namespace: 'default', name: 'local', ownerKind: '', ownerName: ''};

/** In the metadata of a run's driver, and not of the job that people see: see `identifyProcess()`. */
export const PROCESS_METADATA = 'infinisst_process';

/** Sessions of the history that are looked through for something of runs before this one, newest first. */
export const MAX_RUNS_READ = 200;
