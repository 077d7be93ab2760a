import {pino, type DestinationStream, type Logger} from 'pino';

import {InfinisstError} from '../../core/errors.js';
import type {ServerSettings} from '../server-settings.js';

/** Where keys would be, should somebody log a whole request: a second line of defence. */
const REDACTED = [
	'headers',
	'req.headers',
	'request.headers',
	'api_key',
	'*.api_key',
	'query',
	'*.query',
	'body',
	'*.body',
];

export interface ServerLog {
	readonly logger: Logger;
	/** Resolves when all was written. */
	close(): Promise<void>;
}

/**
 * Opens the log: lines of JSON, to standard error unless there is a file.
 *
 * @param stream - instead of both.
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE`.
 */
export async function openLog(
	{logFile, logLevel}: Pick<ServerSettings, 'logFile' | 'logLevel'>,
	stream?: DestinationStream,
): Promise<ServerLog> {
	const options = {
		level: logLevel,
		base: null,
		timestamp: pino.stdTimeFunctions.isoTime,
		formatters: {level: (level: string) => ({level})},
		redact: {paths: REDACTED, censor: '*'},
	};
	if (stream !== undefined) return {logger: pino(options, stream), close: () => Promise.resolve()};
	if (logFile === undefined) {
		return {logger: pino(options, pino.destination({dest: 2, sync: true})), close: () => Promise.resolve()};
	}

	const file = pino.destination({dest: logFile, append: true, mkdir: true, sync: false});
	await new Promise<void>((resolve, reject) => {
		file.once('ready', resolve);
		file.once('error', error => {
			reject(
				new InfinisstError('OUTPUT_UNWRITABLE', `The log cannot be written to ${logFile}`, {
					hint: 'Name another file with --log-file.',
					cause: error,
				}),
			);
		});
	});
	// A full disk must not end the server.
	file.on('error', () => undefined);
	return {
		logger: pino(options, file),
		close: () =>
			new Promise(resolve => {
				file.once('close', () => resolve());
				file.end();
			}),
	};
}
