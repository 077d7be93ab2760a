import {resolve} from 'node:path';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {endDeadRuns} from '../../../history/record/end-dead-runs.js';
import {openHistory as openStore} from '../../../history/store/sqlite-history-store.js';
import type {OpenDatabaseOptions} from '../../../history/store/open-database.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {SessionSummary} from '../../../history/store/history-types.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {resolveHistoryFile} from '../../resolve-home-directory.js';

/** What every command of the group understands. */
export const historyFlags = {db: z.string().optional()};

/** What those understand that look at one session. */
export const sessionFlags = {...historyFlags, cluster: z.string().optional(), session: z.string().optional()};

/**
 * Opens the history that `--db` names, or the program's own; makes it if it is not there. Runs of this machine that were
 * killed have ended for whoever looks.
 */
export async function openHistory(
	db: string | undefined,
	context: Pick<CommandContext, 'env' | 'cwd'>,
	options: Pick<OpenDatabaseOptions, 'survivesPowerCut'> = {},
): Promise<HistoryStore> {
	const path = db === undefined ? resolveHistoryFile(context) : resolve(context.cwd, db);
	const store = await openStore({path, ...options});
	try {
		endDeadRuns(store);
	} catch {
		// Another process writes, or nobody can: what there is can be read all the same.
	}
	return store;
}

export interface SessionChoice {
	readonly cluster?: string | undefined;
	readonly session?: string | undefined;
}

/** Those that are meant, newest first. A session may be named by a part of its name. */
export function chooseSessions(
	store: HistoryStore,
	{cluster, session}: SessionChoice,
): readonly SessionSummary[] {
	return store
		.sessions()
		.filter(
			candidate =>
				(cluster === undefined || candidate.cluster.name === cluster) &&
				(session === undefined || candidate.name.includes(session)),
		);
}

/** @throws {InfinisstError} `HISTORY_UNKNOWN` when there is none. */
export function chooseSession(store: HistoryStore, choice: SessionChoice): SessionReader {
	const [newest] = chooseSessions(store, choice);
	if (newest === undefined) {
		const wanted = [choice.cluster, choice.session].filter(Boolean).join(', ');
		if (wanted === '') {
			throw new InfinisstError('HISTORY_UNKNOWN', `The history ${store.path} holds no session yet`, {
				hint: 'Runs of "infinisst translate" and "serve" come by themselves; of Ray clusters see "infinisst history collect --help" and "import --help".',
			});
		}

		throw new InfinisstError('HISTORY_UNKNOWN', `The history ${store.path} holds no session of ${wanted}`, {
			hint: 'See "infinisst history sessions" for those it holds.',
		});
	}

	return store.read(newest.id);
}
