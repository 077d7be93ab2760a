import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {describeActor, readNodes} from '../../../history/http/actor-answers.js';
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

/** Jobs, attempts at a task, actors and nodes; of ids a beginning is enough for the last two. */
function findEverything(reader: SessionReader, id: string): readonly Row[] {
	const job = findJob(reader, id);
	if (job !== undefined) return [{...job}];
	const writer = new TaskWriter(reader, {redacts: false});
	const query = {
		filters: [{column: 'task_id', isNegated: false, value: id}],
		excludesDrivers: false,
	} as const;
	const tasks = [...reader.tasks(query)].map(row => JSON.parse(writer.write(row)) as Row);
	if (tasks.length > 0) return tasks;
	const nodes = readNodes(reader);
	return [
		...reader
			.entities('actor')
			.filter(({actorId}) => actorId.startsWith(id))
			.map(actor => describeActor(actor, nodes)),
		...[...nodes.values()].filter(({nodeId}) => nodeId.startsWith(id)).map(node => ({...node})),
	];
}
