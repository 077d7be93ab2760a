import {beforeAll, describe, expect, it} from 'vitest';

import {ApiClient} from '../../src/compat/api-client.js';
import type {Check, CheckOutcome} from '../../src/compat/check.js';
import type {CompatSettings} from '../../src/compat/check-context.js';
import {selectGroups} from '../../src/compat/checks.js';
import {runChecks} from '../../src/compat/run-checks.js';
import {readSpeech} from '../../src/compat/speech.js';
import {TEST_VIDEO, VIDEO_URL} from '../helpers/compatible-server/compatible-api.js';
import {
	openCompatibleServer,
	type CompatibleServerOptions,
} from '../helpers/compatible-server/open-compatible-server.js';

const settings: CompatSettings = {
	timeoutMs: 1500,
	quietMs: 60,
	speed: 200,
	maxSessions: 20,
	idleMs: undefined,
	testVideo: TEST_VIDEO,
	videoUrl: VIDEO_URL,
};

/** Checks that cannot be judged, or not be passed, where another rule is broken. */
const CONSEQUENCES: Readonly<Record<string, readonly string[]>> = {
	'languages.states': ['languages.pairs'],
	// There is no text yet to be forgotten, or to be sent again.
	'wss.while-speaking': ['reset.text', 'wss.goes-on', 'wss.reconnect'],
	// The last frame is not the text.
	'wss.whole-text': ['evaluation.real-figures', 'wss.faster', 'wss.goes-on', 'wss.reconnect'],
	// Each of them pings to see whether its parameter arrived.
	'ping.known': ['parameters.form', 'parameters.json', 'parameters.query'],
};

const SLOW = 'ping.idle';
const ids = allChecks().map(({id}) => id);

function allChecks(pattern?: string): Check[] {
	return selectGroups(pattern).flatMap(({checks}) => checks);
}

let speech: Float32Array;

beforeAll(async () => {
	speech = await readSpeech('english', new AbortController().signal);
});

interface Judgement {
	readonly failed: readonly string[];
	readonly skipped: readonly string[];
	readonly outcomes: ReadonlyMap<string, CheckOutcome>;
}

async function judge(
	options: CompatibleServerOptions,
	{pattern, more = {}}: {pattern?: string; more?: Partial<CompatSettings>} = {},
): Promise<Judgement> {
	const server = await openCompatibleServer(options);
	const client = new ApiClient(server.url, options.apiKey);
	const parts = {client, languagePair: 'English -> German', speech, settings: {...settings, ...more}};
	const outcomes = new Map<string, CheckOutcome>();
	try {
		const {signal} = new AbortController();
		for await (const {check, outcome} of runChecks(allChecks(pattern), parts, signal)) {
			outcomes.set(check.id, outcome);
		}
	} finally {
		await client.close();
		server.close();
	}

	const withStatus = (status: string): string[] =>
		[...outcomes]
			.filter(([, outcome]) => outcome.status === status)
			.map(([id]) => id)
			.sort();
	return {failed: withStatus('failed'), skipped: withStatus('skipped'), outcomes};
}

describe('the checks of the API', () => {
	it('pass a server that keeps the contract', async () => {
		const {failed, skipped, outcomes} = await judge({});
		expect(failed.map(id => ({id, ...outcomes.get(id)}))).toEqual([]);
		expect(skipped).toEqual([SLOW]);
	});

	it('have names of their own, of a group and a rule', () => {
		expect(new Set(ids).size).toBe(ids.length);
		for (const id of ids) expect(id).toMatch(/^[a-z-]+\.[a-z0-9-]+$/);
	});

	it.concurrent.each(ids.filter(id => id !== SLOW))('find that %s is broken, and nothing else', async id => {
		const {failed, outcomes} = await judge({broken: [id]});
		expect(failed, JSON.stringify([...outcomes].filter(([, {status}]) => status === 'failed'))).toEqual(
			[id, ...(CONSEQUENCES[id] ?? [])].sort(),
		);
		expect(outcomes.get(id)).toEqual({
			status: 'failed',
			expected: expect.stringMatching(/\S/) as string,
			seen: expect.stringMatching(/\S/) as string,
		});
	});

	it('wait for sessions that were left to be removed, if they are told to', async () => {
		const idleMs = 400;
		const options = {pattern: SLOW, more: {idleMs, timeoutMs: 10_000}};
		expect((await judge({idleMs}, options)).failed).toEqual([]);
		expect((await judge({idleMs, broken: [SLOW]}, options)).failed).toEqual([SLOW]);
	});

	it('use the key they are given, on sockets too', async () => {
		const {failed} = await judge({apiKey: 'open'}, {pattern: 'wss.r*'});
		expect(failed).toEqual([]);
	});
});
