import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object(historyFlags);

type Context = Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>;

export async function runHistoryVacuum(flags: unknown, context: Context): Promise<void> {
	const {db} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const before = store.sizeBytes();
		store.vacuum();
		const text = `${formatBytes(before)} before, ${formatBytes(store.sizeBytes())} now\n`;
		await writeText(context.stdout, text, context.signal);
	} finally {
		store.close();
	}
}

/** @throws {InfinisstError} `INPUT_UNREADABLE` when the file itself is damaged. */
export async function runHistoryVerify(flags: unknown, context: Context): Promise<void> {
	const {db} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const problems = store.verify();
		if (problems.length > 0) {
			throw new InfinisstError(
				'INPUT_UNREADABLE',
				`The history ${store.path} is damaged: ${problems.slice(0, 3).join('; ')}`,
				{
					hint: 'Import its sessions into a new file with --db.',
				},
			);
		}

		const lines = store.sessions().flatMap(({id, name}) => {
			const {count, first} = store.damages(id, 10);
			const named = first.map(({source, place, reason}) => `  ${source}, ${place}: ${reason}\n`);
			return count === 0 ? [] : [`${name}: ${count} left out\n`, ...named];
		});
		await writeText(context.stdout, `the file is sound\n${lines.join('')}`, context.signal);
	} finally {
		store.close();
	}
}
