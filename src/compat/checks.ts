import type {Check} from './check.js';
import {controlChecks} from './checks/control-checks.js';
import {errorChecks} from './checks/error-checks.js';
import {evaluationChecks} from './checks/evaluation-checks.js';
import {initChecks} from './checks/init-checks.js';
import {mediaChecks} from './checks/media-checks.js';
import {modelChecks} from './checks/model-checks.js';
import {parameterChecks} from './checks/parameter-checks.js';
import {queueChecks} from './checks/queue-checks.js';
import {socketChecks} from './checks/socket-checks.js';
import {statisticsChecks} from './checks/statistics-checks.js';

/** Checks of one part of the API. */
export interface CheckGroup {
	readonly title: string;
	readonly checks: readonly Check[];
}

/** Every rule of the API that can be judged from outside, in the order of the contract. */
export const CHECK_GROUPS: readonly CheckGroup[] = [
	{title: 'Parameters', checks: parameterChecks},
	{title: 'Failures', checks: errorChecks},
	{title: 'Opening sessions', checks: initChecks},
	{title: 'Waiting', checks: queueChecks},
	{title: 'Sockets', checks: socketChecks},
	{title: 'Session control', checks: controlChecks},
	{title: 'Models', checks: modelChecks},
	{title: 'Health and statistics', checks: statisticsChecks},
	{title: 'Evaluation', checks: evaluationChecks},
	{title: 'Media and pages', checks: mediaChecks},
];

/**
 * Groups of the checks whose ids fit a pattern, all of them without one.
 *
 * @param pattern - an id, or with `*` for any characters: `wss.*`.
 */
export function selectGroups(pattern = '*'): CheckGroup[] {
	const parts = pattern.split('*').map(part => part.replaceAll(/[^\w-]/g, '\\$&'));
	const isWanted = new RegExp(`^${parts.join('.*')}$`);
	return CHECK_GROUPS.map(({title, checks}) => ({
		title,
		checks: checks.filter(({id}) => isWanted.test(id)),
	})).filter(({checks}) => checks.length > 0);
}
