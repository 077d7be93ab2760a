import {once} from 'node:events';
import {get, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';
import {brotliDecompressSync} from 'node:zlib';
import {expect, it, onTestFinished} from 'vitest';

import {answerText, type HistoryAnswer} from '../../../../src/history/http/answer.js';
import {listen} from '../../../../src/history/http/listen.js';
import {sendAnswer} from '../../../../src/history/http/send-answer.js';
import {createDeferred} from '../../../../src/core/util/deferred.js';

const PIECE = 'a long answer '.repeat(5000);

/** 7 MB. */
function* makePieces(made: {count: number}): Generator<string> {
	for (; made.count < 100; made.count += 1) yield PIECE;
}

/** What a server answers that always answers this. */
async function ask(
	makeAnswer: () => HistoryAnswer,
	headers: Record<string, string> = {},
): Promise<IncomingMessage> {
	const server = await listen((request, response) => void sendAnswer(request, response, makeAnswer()), {
		host: '127.0.0.1',
		port: 0,
	});
	onTestFinished(() => server.close());
	const [response] = (await once(get(server.url, {headers, agent: false}), 'response')) as [IncomingMessage];
	return response;
}

it('knows a long answer by its version, and does not make it anew to say so', async () => {
	const made = {count: 0};
	const long = (version: string) => (): HistoryAnswer => ({
		...answerText('', 200),
		body: makePieces(made),
		version,
	});
	const first = await ask(long('1'));
	expect((await buffer(first)).length).toBe(PIECE.length * 100);
	const tag = first.headers.etag!;
	made.count = 0;
	const second = await ask(long('1'), {'if-none-match': `"other", ${tag}`});
	expect([second.statusCode, second.headers.etag, made.count]).toEqual([304, tag, 0]);
	const third = await ask(long('2'), {'if-none-match': tag});
	expect(third.statusCode).toBe(200);
	third.resume();
});

it('knows a short answer by its content, whatever its version', async () => {
	const {headers} = await ask(() => ({...answerText('same', 200), version: '1'}));
	const again = await ask(() => ({...answerText('same', 200), version: '2'}), {
		'if-none-match': headers.etag!,
	});
	expect(again.statusCode).toBe(304);
});

it('gives a fault no validator', async () => {
	const {headers} = await ask(() => ({...answerText('gone', 404), version: '1'}));
	expect(headers.etag).toBeUndefined();
});

it('compresses text and not what is compressed already', async () => {
	const accepting = {'accept-encoding': 'gzip, br'};
	const text = await ask(() => answerText(PIECE, 200), accepting);
	expect(text.headers['content-encoding']).toBe('br');
	expect(brotliDecompressSync(await buffer(text)).toString()).toBe(PIECE);
	const font = await ask(() => ({...answerText(PIECE, 200), contentType: 'font/woff2'}), accepting);
	expect(font.headers['content-encoding']).toBeUndefined();
	expect(Number(font.headers['content-length'])).toBe(PIECE.length);
	font.resume();
});

it('stops making an answer when nobody reads it any more', async () => {
	const ended = createDeferred();
	function* makeEndlessly(): Generator<string> {
		try {
			for (;;) yield PIECE;
		} finally {
			ended.resolve();
		}
	}

	const server = await listen(
		(request, response) => {
			// That its reader has left is a fault to the sender.
			sendAnswer(request, response, {...answerText('', 200), body: makeEndlessly()}).catch(() => undefined);
		},
		{host: '127.0.0.1', port: 0},
	);
	onTestFinished(() => server.close());
	const [response] = (await once(get(server.url, {agent: false}), 'response')) as [IncomingMessage];
	await once(response, 'data');
	response.destroy();
	await ended.promise;
});

it('gives others their turn while it makes a long answer', async () => {
	const made = {count: 0};
	const ended = createDeferred();
	let whenOthersCame = NaN;
	function* makeInOneGo(): Generator<string> {
		// What else waits in this thread, as another request would.
		setImmediate(() => (whenOthersCame = made.count));
		yield* makePieces(made);
		ended.resolve();
	}

	const response = await ask(() => ({...answerText('', 200), body: makeInOneGo()}));
	response.resume();
	await ended.promise;
	expect(whenOthersCame).toBeLessThan(10);
});
