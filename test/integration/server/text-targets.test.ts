import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';

import type {GlossaryEntry} from '../../../src/core/engine/engine.js';
import type {Replica, StartReplica} from '../../../src/core/engine/router/replica-source.js';
import {hearScriptedWord} from '../../../src/core/engine/testing/scripted-words.js';
import {openScriptedChain} from '../../../src/core/engine/testing/open-scripted-chain.js';
import {openChildReplica} from '../../../src/core/engine/transport/child-replica.js';
import {systemClock} from '../../../src/core/util/clock.js';
import type {ServerMessage} from '../../../src/core/session/stream-protocol.js';
import {openStreamArchive} from '../../../src/history/record/stream-archive.js';
import {ask, get, init, PageSocket, post, type Answer, type Sent} from '../../helpers/compatible-client.js';
import {startCuttingProxy, UNCUT} from '../../helpers/cutting-proxy.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {scriptedChainReplica} from '../../helpers/scripted-replica.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
} from '../../helpers/stream-server.js';
import {createStreamThread} from '../../helpers/stream-thread.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const PAIRS = {en: ['it', 'fr', 'es']};

const MODELS = {
	models: [{name: 'ear+text', sourceLanguages: ['en', 'de'], targets: ['same', 'en', 'it', 'fr', 'es']}],
	startReplica: ({id}: {readonly id: string}) =>
		Promise.resolve<Replica>(openScriptedChain({id: `ear+text/${id}`, pairs: PAIRS})),
};

const SECONDS = 20;

/** The words that are heard in the audio of these tests. */
function heardWords(): string[] {
	const audio = scriptedAudio(SECONDS);
	return Array.from({length: SECONDS * 2}, (_, index) =>
		hearScriptedWord(audio.subarray(index * 8000, (index + 1) * 8000)),
	).filter(word => word !== undefined);
}

/** A text of them, with the translations of a glossary. */
function write(words: readonly string[], target: string, glossary: readonly GlossaryEntry[] = []): string {
	return words
		.map(word => glossary.find(({source}) => source === word)?.target ?? `${word}-${target}`)
		.join(' ');
}

type Final = Extract<ServerMessage, {type: 'final'}>;

function finalsOf(events: readonly ServerMessage[], target: string): Final[] {
	return events.filter((event): event is Final => event.type === 'final' && event.target === target);
}

describe('several targets', () => {
	it('come over /wss as one frame each, with the language before the text', async () => {
		const {url} = await openTestServer({models: MODELS});
		const id = await init(url, {language_pair: 'English -> Italian, French'});
		const page = await new PageSocket(url, id).open();
		await page.play(scriptedAudio(SECONDS));
		await page.finish();
		const texts = page.frames.filter(frame => frame.startsWith('['));
		expect(page.frames.length).toBe(texts.length + 2);
		for (const target of ['it', 'fr']) {
			const own = texts.filter(text => text.startsWith(`[${target}] `));
			expect(own.length).toBeGreaterThan(3);
			for (const [index, text] of own.entries()) expect(text.startsWith(own[index - 1] ?? '')).toBe(true);
			expect(own.at(-1)).toBe(`[${target}] ${write(heardWords(), target)}`);
		}
	});

	it('change nothing for whoever asks for one', async () => {
		const {url} = await openTestServer({models: MODELS});
		const page = await new PageSocket(url, await init(url, {language_pair: 'English -> Italian'})).open();
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(write(heardWords(), 'it'));
	});

	it('are told again to a socket that takes over', async () => {
		const {url} = await openTestServer({models: MODELS});
		const id = await init(url, {language_pair: 'English -> English, Spanish'});
		const first = await new PageSocket(url, id).open();
		await first.play(scriptedAudio(SECONDS));
		await first.waitFor('[es] ');
		await first.finish();
		await first.leave();
		const second = await new PageSocket(url, id).open();
		await second.play(scriptedAudio(2));
		second.send('EOF');
		await second.waitFor('PROCESSING_COMPLETE:');
		const words = heardWords().slice(0, 4);
		expect(second.frames).toEqual(
			expect.arrayContaining([`[en] ${words.join(' ')}`, `[es] ${write(words, 'es')}`]),
		);
	});

	it('come as a list in JSON, too', async () => {
		const {url, models} = await openTestServer({models: MODELS});
		const list = ['English -> Italian', 'English -> French', 'English -> Italian'];
		const answer = await ask(url, '/init', {json: {language_pair: list}});
		expect(answer['session_id']).toMatch(/^InfiniSST_English -> Italian, English -> French, /);
		const loaded = await ask(url, '/load_model', {json: {language_pair: 'English -> Italian, French'}});
		expect(loaded).toMatchObject({success: true, message: 'ear+text is loaded'});
		expect(models.models().length).toBe(1);
	});

	it.each([
		['English -> Italian, Klingon', 'Klingon'],
		['English -> Italian,', 'language'],
		['English -> Italian, German -> French', 'contradict'],
		[`English -> ${'Italian, '.repeat(20)}French`, '20 languages at most'],
		['English -> Italian, Japanese', 'Japanese'],
	])('are refused as %s', async (languagePair, words) => {
		const {url} = await openTestServer({models: MODELS});
		const answer = await ask(url, '/init', {json: {language_pair: languagePair}});
		expect(answer).toMatchObject({success: false, error: expect.stringContaining(words) as string});
	});

	it('are no list of numbers', async () => {
		const {url} = await openTestServer({models: MODELS});
		for (const language_pair of [[5], [], 5]) {
			expect((await post(url, '/init', {json: {language_pair}})).status).toBe(422);
		}
	});

	it('have delays and files of their own, the first where a client of one looks for it', async () => {
		const {url} = await openTestServer({models: MODELS});
		const many = {
			language_pair: 'English -> Italian, French, English',
			evaluation_mode: true,
			client_id: 'me',
		};
		const one = {language_pair: 'English -> Italian', evaluation_mode: true, client_id: 'me'};
		const [id, alone] = [await init(url, many), await init(url, one)];
		for (const each of [id, alone]) {
			const page = await new PageSocket(url, each).open();
			await page.play(scriptedAudio(SECONDS));
			await page.finish();
		}
		const delaysOf = (each: string): Promise<Answer> =>
			get(url, `/session_delays/${encodeURIComponent(each)}?include_details=true`);
		const told = (await delaysOf(id)) as Answer & {targets: Answer[]};
		const toldAlone = await delaysOf(alone);
		const {targets} = told;
		expect(targets.map(({target, language_pair}) => [target, language_pair])).toEqual([
			['it', 'English -> Italian'],
			['fr', 'English -> French'],
			['en', 'English -> English'],
		]);
		expect(told).toMatchObject({evaluation_mode: true, delays: targets[0]!['delays']});
		expect(told['details']).toEqual(targets[0]!['details']);
		expect(toldAlone).not.toHaveProperty('targets');
		const lagOf = (answer: Answer): number => (answer['delays'] as {stream_laal: number}).stream_laal;
		expect(lagOf(told)).toBe(lagOf(toldAlone));
		// Captions come before what is translated from them.
		expect(lagOf(targets[2]!)).toBeGreaterThan(0);
		expect(lagOf(targets[2]!)).toBeLessThan(lagOf(told));

		const json = {session_id: id, filepath: 'run/instances.log'};
		const written = (await ask(url, '/export_session_delays', {json})) as Answer & {
			filepath: string;
			targets: {target: string; filepath: string; instances: number}[];
		};
		const folder = dirname(written.filepath);
		expect(written).toMatchObject({filepath: join(folder, 'instances.log'), instances: 1});
		expect(written.targets).toEqual([
			{target: 'it', filepath: join(folder, 'instances.log'), instances: 1},
			{target: 'fr', filepath: join(folder, 'fr', 'instances.log'), instances: 1},
			{target: 'en', filepath: join(folder, 'en', 'instances.log'), instances: 1},
		]);
		const heard = heardWords();
		const predictions = [write(heard, 'it'), write(heard, 'fr'), heard.join(' ')];
		for (const [index, {filepath}] of written.targets.entries()) {
			const line = JSON.parse(await readFile(filepath, 'utf8')) as {delays: number[]};
			expect(line).toMatchObject({
				index: 0,
				prediction: predictions[index],
				prediction_length: heard.length,
				source: [id, targets[index]!['language_pair'], 'samplerate: 16000'],
			});
			expect(line.delays.length).toBe(heard.length);
		}

		const byUser = await ask(url, '/export_session_delays_by_user', {json: {user_id: 'me'}});
		expect(byUser).toMatchObject({
			instances: 2,
			targets: [
				{target: 'it', instances: 2},
				{target: 'fr', instances: 1},
				{target: 'en', instances: 1},
			],
		});
		expect(await ask(url, '/export_session_delays', {json: {session_id: alone}})).not.toHaveProperty(
			'targets',
		);
	});

	it('have finals and segments of their own on a stream, whose words have their place in the audio', async () => {
		const {url} = await startStreamServer(MODELS);
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it,fr,same', words: 'true'});
		await client.write(scriptedAudio(SECONDS));
		client.end();
		await client.done;
		const heard = heardWords();
		const spoken = finalsOf(events, 'same').flatMap(({words = []}) => words);
		expect(spoken.map(({text}) => text.trim())).toEqual(heard);
		for (const target of ['it', 'fr']) {
			const finals = finalsOf(events, target);
			expect(textOfStream(events, target).trim()).toBe(write(heard, target));
			expect(new Set(finals.map(({segment}) => segment)).size).toBeGreaterThan(1);
			const words = finals.flatMap(final => final.words ?? []);
			expect(words.map(({text}) => text.trim())).toEqual(heard.map(word => `${word}-${target}`));
			expect(words.map(({start_ms, end_ms}) => [start_ms, end_ms])).toEqual(
				spoken.map(({start_ms, end_ms}) => [start_ms, end_ms]),
			);
			const sources = finals.map(({source_text = ''}) => source_text.trim()).filter(text => text !== '');
			expect(sources.join(' ')).toBe(heard.join(' '));
		}
	});
});

describe('a glossary', () => {
	const [first = '', second = ''] = heardWords().slice(-4);
	const GLOSSARY = [
		{source: first, target: 'prima'},
		{source: second, target: 'seconda'},
	];
	const middle = (SECONDS / 2) * 16_000;
	const expected = write(heardWords(), 'it', GLOSSARY);

	it('holds for what is said after it, is answered, and can be taken back', async () => {
		const {url} = await startStreamServer(MODELS);
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it'});
		const audio = scriptedAudio(SECONDS);
		await client.write(audio.slice(0, middle));
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(middle));
		client.flush();
		client.changeGlossary([]);
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		const updated = events.filter(({type}) => type === 'session.updated');
		expect(updated).toMatchObject([
			{latency_multiplier: 2, glossary_terms: 2},
			{latency_multiplier: 2, glossary_terms: 0},
		]);
		const again = heardWords().slice(heardWords().length / 2);
		expect(textOfStream(events, 'it').trim()).toBe(`${expected} ${write(again, 'it')}`);
		expect(expected).toContain('prima seconda');
	});

	it('holds for the language that a term names, with /init and when it is replaced', async () => {
		const {url} = await openTestServer({models: MODELS});
		const named = [
			{source: first, target: 'prima', language: 'Italian'},
			{source: second, target: 'deux', language: 'fr'},
		];
		const answer = await ask(url, '/init', {
			json: {language_pair: 'English -> Italian, French', glossary: named},
		});
		const session_id = String(answer['session_id']);
		const page = await new PageSocket(url, session_id).open();
		const lastOf = (target: string) => page.frames.findLast(frame => frame.startsWith(`[${target}] `));
		const [italian, french] = [[named[0]!], [named[1]!]];
		await page.play(scriptedAudio(SECONDS));
		await page.finish();
		expect(lastOf('it')).toBe(`[it] ${write(heardWords(), 'it', italian)}`);
		expect(lastOf('fr')).toBe(`[fr] ${write(heardWords(), 'fr', french)}`);
		const replaced = [{...named[0]!, language: 'fr'}];
		await ask(url, '/update_glossary', {json: {session_id, glossary: replaced}});
		await page.play(scriptedAudio(SECONDS));
		await page.finish();
		expect(lastOf('it')).toBe(`[it] ${write(heardWords(), 'it')}`);
		expect(lastOf('fr')).toBe(`[fr] ${write(heardWords(), 'fr', replaced)}`);
	});

	it('may come right behind session.created, with a latency', async () => {
		const {url} = await startStreamServer(MODELS);
		const raw = openRawSocket(`${url}?source=en&target=it`);
		await raw.until('session.created');
		raw.socket.send(JSON.stringify({type: 'session.update', glossary: GLOSSARY, latency_multiplier: 1}));
		expect(await raw.until('session.updated')).toMatchObject({latency_multiplier: 1, glossary_terms: 2});
		raw.socket.send(Buffer.from(scriptedAudio(SECONDS).buffer));
		raw.socket.send(JSON.stringify({type: 'end'}));
		await raw.until('done');
		expect(textOfStream(raw.messages, 'it').trim()).toBe(expected);
	});

	it('is refused without effect when it is wrong, or one too many', async () => {
		const {url} = await startStreamServer(MODELS);
		const raw = openRawSocket(`${url}?source=en&target=it`);
		await raw.until('session.created');
		const send = (glossary: unknown): void =>
			raw.socket.send(JSON.stringify({type: 'session.update', glossary}));
		send([{source: first}]);
		send(GLOSSARY);
		// 800 KB of 4 MiB each.
		const large = Array.from({length: 8000}, (_, index) => ({
			source: `${index}`.padEnd(99, '-'),
			target: 't',
		}));
		for (let count = 0; count < 6; count++) send(large);
		raw.socket.send(JSON.stringify({type: 'end'}));
		await raw.until('done');
		const told = raw.messages.filter(({type}) => type === 'session.updated' || type === 'error');
		expect(told).toMatchObject([
			{type: 'error', fatal: false, code: 'OPTION_INVALID'},
			{type: 'session.updated', glossary_terms: 2},
			...Array.from({length: 5}, () => ({type: 'session.updated', glossary_terms: 8000})),
			{type: 'error', fatal: false, code: 'LIMIT_EXCEEDED'},
		]);
	});

	it.each([
		['a list in JSON', {json: {glossary: GLOSSARY}}],
		['a list as text in the query', {query: {glossary: JSON.stringify(GLOSSARY)}}],
		['lines in a form', {form: {glossary: `# of this talk\n${first}\tprima\n\n${second}\tseconda\n`}}],
	])('may come with /init, as %s', async (_title, sent: Sent) => {
		const {url} = await openTestServer({models: MODELS});
		const answer = await ask(url, '/init', {
			...sent,
			query: {...sent.query, language_pair: 'English -> Italian'},
		});
		expect(answer).toMatchObject({glossary_terms: 2});
		const page = await new PageSocket(url, String(answer['session_id'])).open();
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(expected);
	});

	it('may come with /init in a form of parts, however large', async () => {
		const {url, parts} = await openTestServer({models: MODELS});
		const terms = Array.from({length: 5000}, (_, index) => `term ${index}\tVerhandlungsgegenstand ${index}`);
		const form = new FormData();
		form.set('language_pair', 'English -> Italian');
		form.set('glossary', terms.join('\n'));
		const answer = (await fetch(`${url}/init`, {method: 'POST', body: form}).then(response =>
			response.json(),
		)) as Answer;
		expect(answer).toMatchObject({glossary_terms: 5000});
		expect(parts.sessions.list()[0]!.options.glossary?.at(-1)).toEqual({
			source: 'term 4999',
			target: 'Verhandlungsgegenstand 4999',
		});
		form.set('glossary', 'a\t'.padEnd(2 ** 20, 'b'));
		expect((await fetch(`${url}/init`, {method: 'POST', body: form})).status).toBe(413);
	});

	it('of a running session is replaced and taken back by /update_glossary, and outlives a reset', async () => {
		const {url} = await openTestServer({models: MODELS});
		const session_id = await init(url, {language_pair: 'English -> Italian'});
		const page = await new PageSocket(url, session_id).open();
		const update = (glossary: unknown): Promise<Answer> =>
			ask(url, '/update_glossary', {json: {session_id, glossary}});
		expect(await update(GLOSSARY)).toEqual({success: true, glossary_terms: 2});
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(expected);
		await ask(url, '/reset_translation', {json: {session_id}});
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(expected);
		expect(await update('')).toEqual({success: true, glossary_terms: 0});
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(write(heardWords(), 'it'));
		expect(await ask(url, '/update_glossary', {json: {session_id: 'none', glossary: []}})).toEqual({
			success: false,
			error: 'Invalid session ID',
		});
	});

	it.each([
		['chair Vorsitz', 'Line 1 of the glossary'],
		['[{"source": "chair"}]', 'Term 1 of the glossary has no texts "source" and "target"'],
		['[chair', 'begins like a list of JSON and is none'],
		[[{source: 'chair', target: ''}], 'Term 1 of the glossary is empty'],
		[[{source: 'a\tb', target: 'c'}], 'control character'],
		[Array.from({length: 10_001}, () => 0), 'more than 10000 terms'],
	])('that is wrong opens no session: %.40j', async (glossary, words) => {
		const {url, parts} = await openTestServer({models: MODELS});
		const json = {language_pair: 'English -> Italian', glossary};
		expect(await ask(url, '/init', {json})).toEqual({
			success: false,
			error: expect.stringContaining(words) as string,
		});
		expect(parts.sessions.list()).toEqual([]);
	});

	it('is a list of terms or a text, else of the wrong type', async () => {
		const {url} = await openTestServer({models: MODELS});
		const detailOf = async (glossary: unknown): Promise<unknown> => {
			const answer = await post(url, '/init', {json: {language_pair: 'English -> Italian', glossary}});
			expect(answer.status).toBe(422);
			return answer.json();
		};
		expect(await detailOf(5)).toMatchObject({
			detail: [{loc: ['body', 'glossary'], msg: 'Input should be a text or a list'}],
		});
		expect(await detailOf([GLOSSARY[0], 'chair'])).toMatchObject({
			detail: [{loc: ['body', 'glossary', 1], msg: expect.stringContaining('source and target') as string}],
		});
	});

	it('is described, with its terms', async () => {
		const {url} = await openTestServer({models: MODELS});
		const paths = JSON.stringify((await get(url, '/openapi.json'))['paths']);
		const terms =
			'"items":{"type":"object","properties":{"source":{"type":"string"},"target":{"type":"string"},"language":{"type":"string"}}';
		expect(paths.split(terms).length - 1).toBeGreaterThanOrEqual(2);
	});

	it('goes with the session when its process is killed', async () => {
		const processes: number[] = [];
		const startReplica: StartReplica = ({id, signal}) =>
			openChildReplica(scriptedChainReplica({id, pairs: PAIRS}), {
				id,
				signal,
				clock: systemClock,
				onStart: processId => processes.push(processId),
			});
		const {url} = await startStreamServer({...MODELS, startReplica});
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it', latency_multiplier: '4'});
		const audio = scriptedAudio(SECONDS);
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(0, middle));
		// Whoever goes on is not told of it again: it lies before the checkpoint.
		client.flush();
		await untilEvent(events, 'flushed');
		process.kill(processes[0]!, 'SIGKILL');
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		expect(processes.length).toBe(2);
		expect(textOfStream(events, 'it').trim()).toBe(expected);
	});

	it('is there again after the server was killed, and is counted once', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const before = await startKept(path);
		const proxy = await startCuttingProxy(before.port, () => UNCUT);
		const {client, events} = openRecordedStream(
			`ws://127.0.0.1:${proxy.port}/v1/stream`,
			{source: 'en', target: 'it'},
			{retryDelayMs: () => 0, maxAttempts: Infinity},
		);
		const audio = scriptedAudio(SECONDS);
		client.changeLatency(1);
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(0, middle));
		client.flush();
		await untilEvent(events, 'flushed');
		proxy.aim(1);
		before.kill();
		const after = await startKept(path);
		proxy.aim(after.port);
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		expect(textOfStream(events, 'it').trim()).toBe(expected);
		expect(events.filter(({type}) => type === 'session.updated').length).toBe(2);
	});
});

/** A server whose archive nothing is written to any more once it was killed. */
async function startKept(path: string) {
	const thread = createStreamThread();
	const archive = await openStreamArchive({path, openThread: thread.openThread});
	const server = await startStreamServer({...MODELS, archive});
	return {...server, kill: () => thread.kill()};
}

async function untilEvent(events: readonly ServerMessage[], wanted: ServerMessage['type']): Promise<void> {
	while (!events.some(({type}) => type === wanted)) await new Promise(resolve => setImmediate(resolve));
}
