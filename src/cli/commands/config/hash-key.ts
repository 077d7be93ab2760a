import {once} from 'node:events';
import {createInterface} from 'node:readline';
import * as z from 'zod';

import {hashApiKey} from '../../../server/config/hash-api-key.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';

const schema = z.object({
	id: z.string().min(1, 'must be a name').optional(),
	maxSessions: wholeNumber(1, 100_000).optional(),
});

/** Reads the key from the standard input, so that it stands neither in a history of commands nor in a list of processes. */
export async function runConfigHashKey(
	flags: unknown,
	context: Pick<CommandContext, 'stdin' | 'stdout' | 'stderr' | 'signal'>,
): Promise<void> {
	const {id, maxSessions} = parseOptions(schema, flags);
	const {stdin, stdout, stderr, signal} = context;
	if (stdin.isTTY) stderr.write('Type or paste the key, then press Enter.\n');
	const hashed = hashApiKey(await readLine(context), 'The standard input');
	const entry = {id: id ?? hashed.id, sha256: hashed.sha256, ...(maxSessions !== undefined && {maxSessions})};
	await writeText(stdout, `${JSON.stringify(entry)}\n`, signal);
}

/** The first line; empty if there is none. */
async function readLine({stdin, signal}: Pick<CommandContext, 'stdin' | 'signal'>): Promise<string> {
	const lines = createInterface({input: stdin});
	try {
		const closed = once(lines, 'close').then(() => ['']);
		const [line] = (await Promise.race([once(lines, 'line', {signal}), closed])) as [string];
		return line.trim();
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	} finally {
		lines.close();
		stdin.pause();
	}
}
