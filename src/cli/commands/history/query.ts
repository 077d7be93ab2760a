import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {HistoryAnswer} from '../../../history/http/answer.js';
import {answerRequest} from '../../../history/http/answer-request.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {oneOf, parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {findRows} from './find-rows.js';
import {writeRows, type Format} from './format-rows.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {writeRecords} from './write-records.js';

const schema = z.object({
	...sessionFlags,
	format: oneOf(['table', 'json', 'ndjson', 'csv']).optional(),
	utc: z.boolean().default(false),
});

type Context = Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>;

/**
 * Prints what the server would answer: as it is, or the list in it row by row.
 *
 * @throws {InfinisstError} `HISTORY_UNKNOWN` for any status but 200.
 */
export async function runHistoryQuery(address: string, flags: unknown, context: Context): Promise<void> {
	const {db, format, utc, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const answer = ask(chooseSession(store, choice), address);
		const isJson = answer.contentType.startsWith('application/json');
		if (format === undefined || (format === 'json' && isJson)) await writeAnswer(answer, context);
		else if (format === 'table' && !isJson) await writeAnswer(answer, context);
		else await writeRowsOf(answer, isJson, {format, isUtc: utc}, context);
	} finally {
		store.close();
	}
}

function ask(reader: SessionReader, address: string): HistoryAnswer {
	const url = new URL(address.startsWith('/') ? address : `/${address}`, 'http://history');
	const path = decodeURIComponent(url.pathname);
	const answer = answerRequest(
		reader,
		{path, query: url.searchParams, isBrowser: false},
		{nowMs: Date.now()},
	);
	if (answer.status === 200) return answer;
	const [first = ''] = piecesOf(answer);
	throw new InfinisstError(
		'HISTORY_UNKNOWN',
		`${address} is answered with ${answer.status}: ${first.toString().slice(0, 300)}`,
	);
}

/** As it is, and as it comes: a timeline has no end that would fit into memory. */
async function writeAnswer(answer: HistoryAnswer, {stdout, signal}: Context): Promise<void> {
	for (const piece of piecesOf(answer)) await writeText(stdout, piece.toString(), signal);
	await writeText(stdout, '\n', signal);
}

async function writeRowsOf(
	answer: HistoryAnswer,
	isJson: boolean,
	options: {readonly format: Format; readonly isUtc: boolean},
	context: Context,
): Promise<void> {
	const text = Buffer.concat([...piecesOf(answer)].map(piece => Buffer.from(piece))).toString('utf8');
	// Text, such as a log, is a list of lines.
	const found = findRows(isJson ? JSON.parse(text) : text.replace(/\n$/, '').split('\n'));
	if (found.kind === 'list') await writeRows(found.columns, found.rows, options, context);
	else await writeRecords([found.record], options, context);
}

function piecesOf({body}: HistoryAnswer): Iterable<string | Buffer> {
	return typeof body === 'string' || Buffer.isBuffer(body) ? [body] : body;
}
