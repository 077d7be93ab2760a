import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {answerRequest} from '../../../history/http/answer-request.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext, OutputStream} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {writeText} from '../../write-text.js';

const schema = z.object(sessionFlags);

type Context = Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>;

/** Prints what the server would answer. @throws {InfinisstError} `HISTORY_UNKNOWN` for any status but 200. */
export async function runHistoryQuery(address: string, flags: unknown, context: Context): Promise<void> {
	const {db, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		await printAnswer(chooseSession(store, choice), address, context.stdout, context.signal);
	} finally {
		store.close();
	}
}

export async function printAnswer(
	reader: SessionReader,
	address: string,
	stdout: OutputStream,
	signal: AbortSignal,
): Promise<void> {
	const url = new URL(address.startsWith('/') ? address : `/${address}`, 'http://history');
	const path = decodeURIComponent(url.pathname);
	const {status, body} = answerRequest(
		reader,
		{path, query: url.searchParams, isBrowser: false},
		{nowMs: Date.now()},
	);
	const pieces = typeof body === 'string' || Buffer.isBuffer(body) ? [body] : body;
	if (status !== 200) {
		const [first = ''] = pieces;
		const text = first.toString().slice(0, 300);
		throw new InfinisstError('HISTORY_UNKNOWN', `${address} is answered with ${status}: ${text}`);
	}

	for (const piece of pieces) await writeText(stdout, piece.toString(), signal);
	await writeText(stdout, '\n', signal);
}
