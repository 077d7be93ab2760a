import {gpuMemory} from './gpu-memory.js';
import {leastLoaded} from './least-loaded.js';
import type {Placement} from './replica-load.js';
import {roundRobin} from './round-robin.js';

/** How sessions are spread over replicas; the default first. */
export const LOAD_BALANCE_STRATEGIES = ['least_loaded', 'round_robin', 'gpu_memory'] as const;

export type LoadBalanceStrategy = (typeof LOAD_BALANCE_STRATEGIES)[number];

export const PLACEMENTS: Readonly<Record<LoadBalanceStrategy, Placement>> = {
	least_loaded: leastLoaded,
	round_robin: roundRobin,
	gpu_memory: gpuMemory,
};
