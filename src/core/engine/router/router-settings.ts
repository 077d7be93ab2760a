import {InfinisstError} from '../../errors.js';
import {LOAD_BALANCE_STRATEGIES, type LoadBalanceStrategy} from './placement/placements.js';

/** How sessions are let in and spread; all may change while they run. */
export interface RouterSettings {
	/** @default 'least_loaded' */
	readonly loadBalanceStrategy: LoadBalanceStrategy;
	/** Sessions at once, in all; those that run stay when it is lowered. @default Infinity */
	readonly maxSessions: number;
	/** Sessions at once on one replica, except while another is being started again. @default Infinity */
	readonly maxSessionsPerReplica: number;
	/** Sessions that may wait for a place; 0 refuses them. @default 64 */
	readonly maxQueued: number;
}

export const DEFAULT_ROUTER_SETTINGS: RouterSettings = {
	loadBalanceStrategy: LOAD_BALANCE_STRATEGIES[0],
	maxSessions: Infinity,
	maxSessionsPerReplica: Infinity,
	maxQueued: 64,
};

/**
 * @returns `current` with what `change` names.
 * @throws {InfinisstError} `OPTION_INVALID` for a value out of its range.
 */
export function changeRouterSettings(
	current: RouterSettings,
	change: Partial<RouterSettings>,
): RouterSettings {
	const settings: RouterSettings = {
		loadBalanceStrategy: change.loadBalanceStrategy ?? current.loadBalanceStrategy,
		maxSessions: change.maxSessions ?? current.maxSessions,
		maxSessionsPerReplica: change.maxSessionsPerReplica ?? current.maxSessionsPerReplica,
		maxQueued: change.maxQueued ?? current.maxQueued,
	};
	if (!LOAD_BALANCE_STRATEGIES.includes(settings.loadBalanceStrategy)) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`There is no strategy "${settings.loadBalanceStrategy}" to balance load`,
			{hint: `Choose one of ${LOAD_BALANCE_STRATEGIES.join(', ')}.`},
		);
	}
	assertCount('maxSessions', settings.maxSessions, 1);
	assertCount('maxSessionsPerReplica', settings.maxSessionsPerReplica, 1);
	assertCount('maxQueued', settings.maxQueued, 0);
	return settings;
}

function assertCount(name: keyof RouterSettings, value: number, smallest: number): void {
	if ((Number.isSafeInteger(value) || value === Infinity) && value >= smallest) return;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${name} must be a whole number, ${smallest} or more, or Infinity, not ${String(value)}`,
	);
}
