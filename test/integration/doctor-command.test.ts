import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';

import {checkNode, checkPort, findingOf} from '../../src/cli/commands/doctor/checks.js';
import {runDoctor} from '../../src/cli/commands/doctor/run-doctor.js';
import {main} from '../../src/cli/main.js';
import {InfinisstError} from '../../src/core/errors.js';
import {createFakeContext, createFakeStore} from '../helpers/fake-context.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

describe('infinisst doctor', () => {
	it('says of everything whether it is there, and what to do', async () => {
		const context = createFakeContext({
			env: {PATH: '/nowhere', INFINISST_HOME: await temporaryDirectory()},
			store: createFakeStore({isInstalled: false}),
		});
		// The store's folder is one that an ordinary user may not make.
		await main(['doctor'], context);
		const lines = context.stdout.lines.map(line => line.replaceAll(/ {2,}/g, '|'));
		expect(lines).toHaveLength(10);
		expect(lines[0]).toBe(`ok|Node|${process.versions.node}`);
		expect(lines[1]).toMatch(/^ok\|onnxruntime\|\d/);
		expect(lines[2]).toMatch(/^ok\|SQLite\|3/);
		expect(lines).toContainEqual(
			'optional|default model|whisper-base is not installed. Run "infinisst models pull whisper-base".',
		);
		expect(lines).toContainEqual(expect.stringMatching(/^optional\|ffmpeg\|not installed. Install it/));
		expect(lines).toContainEqual(expect.stringMatching(/^optional\|yt-dlp\|yt-dlp is not installed.*pipx/));
		expect(lines).toContainEqual(expect.stringMatching(/^optional\|recorder\|no program that can record/));
	});

	it('refuses what it does not take in one sentence, with where to look', async () => {
		const context = createFakeContext();
		expect(await main(['doctor', 'twice'], context)).toBe(2);
		expect(context.stderr.lines).toEqual([
			`infinisst: too many arguments for 'doctor'. Expected 0 arguments but got 1. Run "infinisst doctor --help" to see what there is.`,
		]);
	});

	it('prints an object a line with --json', async () => {
		const context = createFakeContext({env: {PATH: '/nowhere'}});
		await main(['doctor', '--json'], context);
		const [first] = context.stdout.lines.map(line => JSON.parse(line) as object);
		expect(first).toEqual({
			check: 'Node',
			status: 'ok',
			required: true,
			detail: process.versions.node,
			hint: null,
		});
	});

	it.each([
		[true, 1],
		[false, 0],
	])('answers 1 only if what is missing is required (%s)', async (isRequired, exitCode) => {
		const context = createFakeContext();
		const run = () => Promise.resolve({isOk: false, detail: 'gone'});
		expect(await runDoctor({}, context, [{name: 'thing', isRequired, run}])).toBe(exitCode);
	});

	it('takes a check that fails for a finding', async () => {
		const context = createFakeContext();
		const run = () => Promise.reject(new Error('cannot load\nwith a stack'));
		expect(await runDoctor({}, context, [{name: 'thing', isRequired: true, run}])).toBe(1);
		expect(context.stdout.text).toMatch(/^missing +thing +cannot load\. Install infinisst anew/);
	});
});

describe('checkNode', () => {
	it.each([
		['18.20.0', false],
		['20.18.1', false],
		['20.19.0', true],
		['22.1.0', true],
	])('judges %s', (version, isOk) => expect(checkNode(version).isOk).toBe(isOk));
});

describe('checkPort', () => {
	it('tells a port that is taken from one that is free', async () => {
		const server = createServer().listen(0, '127.0.0.1');
		await once(server, 'listening');
		const {port} = server.address() as AddressInfo;
		onTestFinished(() => void server.close());
		expect(await checkPort(port)).toMatchObject({isOk: false, detail: 'in use'});
		server.close();
		await once(server, 'close');
		expect(await checkPort(port)).toEqual({isOk: true, detail: 'free'});
	});
});

describe('findingOf', () => {
	it('keeps the hint of an error of ours', () => {
		const error = new InfinisstError('PROGRAM_MISSING', 'It is gone', {hint: 'Get it.'});
		expect(findingOf(error)).toEqual({isOk: false, detail: 'It is gone', hint: 'Get it.'});
	});
});
