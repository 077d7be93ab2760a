import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable, type Transform} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {constants, createBrotliCompress, createGzip} from 'node:zlib';

import type {HistoryAnswer} from './answer.js';

/** Smaller answers are sent as they are. */
const MIN_COMPRESSED_BYTES = 1024;

/** Answers up to this size are told apart by their content; longer ones are sent while they are made. */
const MAX_WHOLE_BYTES = 4 * 1024 * 1024;

/** Compressed already. */
const COMPRESSED_TYPES: readonly string[] = ['font/woff', 'font/woff2', 'image/png'];

/** Sends an answer: whole with a validator where it is short, else piece by piece; compressed where that is taken. */
export async function sendAnswer(
	request: IncomingMessage,
	response: ServerResponse,
	answer: HistoryAnswer,
): Promise<void> {
	response.statusCode = answer.status;
	response.setHeader('content-type', answer.contentType);
	response.setHeader('x-content-type-options', 'nosniff');
	for (const [name, value] of Object.entries(answer.headers ?? {})) {
		response.setHeader(name, name === 'set-cookie' ? value.split('\n') : value);
	}

	if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-cache');
	response.setHeader('vary', 'accept-encoding, cookie, authorization, user-agent');
	const known = (request.headers['if-none-match'] ?? '').split(/\s*,\s*/);
	const versionTag = answer.version === undefined ? undefined : makeTag(answer.version);
	// Only a long answer was ever sent with this tag, and it need not be made to tell that it is the same.
	if (answer.status === 200 && versionTag !== undefined && known.includes(versionTag)) {
		sendNotModified(response, versionTag);
		return;
	}

	const {whole, pieces} = await readAhead(answer.body);
	const tag = whole === undefined ? versionTag : makeTag(whole);
	if (answer.status === 200 && tag !== undefined) {
		if (known.includes(tag)) {
			sendNotModified(response, tag);
			return;
		}

		response.setHeader('etag', tag);
	}

	const encoder =
		(whole === undefined || whole.length >= MIN_COMPRESSED_BYTES) &&
		!COMPRESSED_TYPES.includes(answer.contentType)
			? chooseEncoder(request)
			: undefined;
	if (encoder !== undefined) response.setHeader('content-encoding', encoder.name);
	else if (whole !== undefined) response.setHeader('content-length', whole.length);
	if (request.method === 'HEAD') {
		response.end();
		return;
	}

	const source = whole === undefined ? Readable.from(pieces, {objectMode: false}) : Readable.from([whole]);
	if (encoder === undefined) await pipeline(source, response);
	else await pipeline(source, encoder.create(), response);
}

/** Weak, as what is sent may be compressed or not. */
function makeTag(content: Buffer | string): string {
	return `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

function sendNotModified(response: ServerResponse, tag: string): void {
	response.statusCode = 304;
	response.removeHeader('content-type');
	response.setHeader('etag', tag);
	response.end();
}

/**
 * The bytes, if there are few; else pieces that begin with those already read. Between two pieces others have
 * their turn: whatever makes an answer does it in this thread.
 */
async function readAhead(
	body: HistoryAnswer['body'],
): Promise<{whole?: Buffer; pieces: AsyncIterable<Buffer> | readonly Buffer[]}> {
	if (typeof body === 'string' || Buffer.isBuffer(body)) return {whole: Buffer.from(body), pieces: []};
	const iterator = body[Symbol.iterator]();
	const read: Buffer[] = [];
	let bytes = 0;
	while (bytes <= MAX_WHOLE_BYTES) {
		const next = iterator.next();
		if (next.done === true) return {whole: Buffer.concat(read), pieces: []};
		const piece = Buffer.from(next.value);
		read.push(piece);
		bytes += piece.length;
		await nextTurn();
	}

	return {pieces: chain(read, iterator)};
}

async function* chain(
	read: readonly Buffer[],
	rest: Iterator<string | Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
	try {
		yield* read;
		for (let next = rest.next(); next.done !== true; next = rest.next()) {
			yield Buffer.from(next.value);
			await nextTurn();
		}
	} finally {
		// Nobody reads on: what makes the answer may hold something.
		rest.return?.();
	}
}

function chooseEncoder({headers}: IncomingMessage): {readonly name: string; create(): Transform} | undefined {
	const accepted = (headers['accept-encoding'] ?? '')
		.split(',')
		.map(entry => entry.trim())
		.filter(entry => !/;\s*q=0(\.0*)?$/.test(entry))
		.map(entry => entry.split(';')[0]);
	// The quickest level of each: answers are made anew each time.
	if (accepted.includes('br')) {
		return {name: 'br', create: () => createBrotliCompress({params: {[constants.BROTLI_PARAM_QUALITY]: 2}})};
	}

	return accepted.includes('gzip') ? {name: 'gzip', create: () => createGzip({level: 1})} : undefined;
}
