import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {describeActor, readPlaces} from '../../../history/http/actor-answers.js';
import {findJob} from '../../../history/http/job-answers.js';
import {TaskWriter} from '../../../history/http/task-json.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {formatFlag, type Row} from './format-rows.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {writeRecords} from './write-records.js';

const schema = z.object({...sessionFlags, ...formatFlag, utc: z.boolean().default(false)});

/** @throws {InfinisstError} `HISTORY_UNKNOWN` when the session holds nothing of this id. */
export async function runHistoryShow(
	id: string,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, utc, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const reader = chooseSession(store, choice);
		const found = findEverything(reader, id);
		if (found.length === 0) {
			throw new InfinisstError(
				'HISTORY_UNKNOWN',
				`${reader.session.name} holds no job, task, actor or node ${id}`,
			);
		}

		await writeRecords(found, {format, isUtc: utc}, context);
	} finally {
		store.close();
	}
}

/** More tasks of one beginning are not shown: nobody meant them all. */
const MAX_TASKS = 20;

/** Jobs, attempts at a task, actors and nodes; of ids a beginning is enough. */
function findEverything(reader: SessionReader, id: string): readonly Row[] {
	const job = findJob(reader, id);
	if (job !== undefined) return [{...job}];
	const places = readPlaces(reader);
	const others = [
		...reader
			.entities('actor')
			.filter(({actorId}) => actorId.startsWith(id))
			.map(actor => describeActor(actor, places)),
		...reader
			.entities('node')
			.filter(({nodeId}) => nodeId.startsWith(id))
			.map(node => ({...node})),
	];
	// Most ids of tasks begin as no other does: what is short for one is meant for something else.
	return others.length > 0 ? others : findTasks(reader, id);
}

function findTasks(reader: SessionReader, id: string): readonly Row[] {
	if (!/^[\da-f]{4,48}$/.test(id)) return [];
	const ids = reader.taskIdsFrom(id, MAX_TASKS + 1);
	if (ids.length > MAX_TASKS) {
		throw new InfinisstError('HISTORY_UNKNOWN', `More than ${MAX_TASKS} tasks begin with ${id}`, {
			hint: 'Give more of the id: "infinisst history tasks --format ndjson" has all of it.',
		});
	}

	const writer = new TaskWriter(reader, {redacts: false});
	return ids.flatMap(taskId => {
		const filters = [{column: 'task_id', isNegated: false, value: taskId}] as const;
		return [...reader.tasks({filters, excludesDrivers: false})].map(
			row => JSON.parse(writer.write(row)) as Row,
		);
	});
}
