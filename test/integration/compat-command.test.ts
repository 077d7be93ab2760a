import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {SaxesParser} from 'saxes';
import {describe, expect, it, onTestFinished} from 'vitest';

import {main} from '../../src/cli/main.js';
import {formatJunit} from '../../src/compat/format-junit.js';
import {
	openCompatibleServer,
	type CompatibleServerOptions,
} from '../helpers/compatible-server/open-compatible-server.js';
import {createFakeContext, type FakeContextParts} from '../helpers/fake-context.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

async function openServer(options: CompatibleServerOptions = {}): Promise<string> {
	const server = await openCompatibleServer(options);
	onTestFinished(() => server.close());
	return server.url.href;
}

async function run(argv: readonly string[], parts: FakeContextParts = {}) {
	const context = createFakeContext(parts);
	const exitCode = await main(['compat', ...argv], context);
	return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text};
}

interface XmlElement {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
}

/** In the order they begin. Throws if it is no XML. */
function readElements(xml: string): XmlElement[] {
	const elements: XmlElement[] = [];
	const parser = new SaxesParser();
	parser.on('opentag', ({name, attributes}) => void elements.push({name, attributes}));
	parser.write(xml).close();
	return elements;
}

describe('infinisst compat', () => {
	it('prints a line for each check and ends with 0 if all passed', async () => {
		const {exitCode, stdout} = await run([await openServer(), '--only', 'ping.*']);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^Session control\n {2}passed {3}ping\.known .*\n/);
		expect(stdout).toMatch(/skipped {2}ping\.idle .*\n {11}it takes longer than 300 s/);
		expect(stdout).toMatch(/3 checks, 2 passed, 0 failed, 1 skipped\n$/);
	});

	it('prints what was expected and what was seen, and ends with 1 if one failed', async () => {
		const server = await openServer({broken: ['ping.unknown']});
		const {exitCode, stdout} = await run([server, '--only', 'ping.*']);
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(
			/FAILED {3}ping\.unknown .*\n {11}expected {2}the error "Invalid session ID"\n {11}seen {6}Who are you\?\n/,
		);
	});

	it('prints an object for each check with --json', async () => {
		const server = await openServer({broken: ['ping.unknown']});
		const {stdout} = await run([server, '--only', 'ping.*', '--json']);
		const lines = stdout.trimEnd().split('\n');
		expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
			{type: 'check', id: 'ping.known', group: 'Session control', status: 'passed'},
			{id: 'ping.unknown', status: 'failed', seen: 'Who are you?'},
			{id: 'ping.idle', status: 'skipped', reason: expect.stringContaining('--idle') as string},
		]);
	});

	it('writes JUnit XML that a parser reads', async () => {
		const folder = await temporaryDirectory();
		const server = await openServer({broken: ['ping.unknown']});
		await run([server, '--only', '*ing.*', '--junit', 'results/compat.xml'], {cwd: folder});
		const xml = await readFile(join(folder, 'results/compat.xml'), 'utf8');
		const elements = readElements(xml);
		expect(elements.map(({name}) => name)).toEqual([
			...['testsuites', 'testsuite', 'testcase', 'testcase', 'failure', 'testcase', 'skipped'],
		]);
		const counts = {tests: '3', failures: '1', skipped: '1'};
		expect(elements.map(({attributes}) => attributes)).toMatchObject([
			counts,
			{...counts, name: 'Session control'},
			{classname: 'ping', name: expect.stringContaining('ping.known') as string},
			{},
			{message: 'expected the error "Invalid session ID"'},
			{},
			{message: expect.stringContaining('--idle') as string},
		]);
	});

	it('writes XML also of what no XML can hold', () => {
		const check = {id: 'a.b', title: '<&">', rule: '', run: () => Promise.resolve()};
		const outcome = {status: 'failed', expected: ']]>\u0000', seen: '\uD800\u0007\n<x>'} as const;
		const xml = formatJunit([{title: '"', results: [{check, outcome, durationMs: 1}]}], 'http://a?b&c');
		const [all, , testcase, failure] = readElements(xml);
		expect(all?.attributes['name']).toBe('infinisst compat http://a?b&c');
		expect(testcase?.attributes['name']).toBe('a.b: <&">');
		expect(failure?.attributes['message']).toBe('expected ]]>\uFFFD');
	});

	it('lists the checks without a server', async () => {
		const {exitCode, stdout} = await run(['--list', '--only', 'wss.eof*']);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^wss\.eof-flushes {2}.*\nwss\.eof-nothing {2,}.*\n$/);
	});

	it('sends the key it is given, or the one of the environment', async () => {
		const server = await openServer({apiKey: 'open'});
		const only = ['--only', 'wss.ready'];
		expect(await run([server, ...only, '--api-key', 'open'])).toMatchObject({exitCode: 0});
		expect(await run([server, ...only], {env: {INFINISST_API_KEY: 'open'}})).toMatchObject({exitCode: 0});
		expect(await run([server, ...only])).toMatchObject({
			exitCode: 2,
			stderr: expect.stringContaining('--api-key') as string,
		});
	});

	it.each([
		['an address that is none', ['localhost:8000'], /"localhost:8000" is no address of a server/],
		['a server that does not answer', ['http://127.0.0.1:9'], /Nobody answers at http:\/\/127\.0\.0\.1:9\//],
		['a pattern that fits nothing', ['http://127.0.0.1:9', '--only', 'x'], /No check fits "x"/],
		['a time that is none', ['http://127.0.0.1:9', '--timeout', 'x'], /--timeout must be a number/],
	])('ends with 2 for %s', async (_title, argv, message) => {
		const {exitCode, stderr} = await run(argv);
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(message);
	});
});
