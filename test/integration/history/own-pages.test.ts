import {beforeAll, expect, it} from 'vitest';

import {createHistoryListener} from '../../../src/history/http/history-listener.js';
import {renderSessionPage} from '../../../src/history/http/pages/session-page.js';
import {listen} from '../../../src/history/http/listen.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import type {SessionReader} from '../../../src/history/store/session-reader.js';
import {ingestBatches, readBody, readRecordedBatches} from '../../helpers/history.js';
import {describeWithShared} from '../../helpers/shared.js';

const BASE = '/c/default/test/session_test/';
const TASK = '0a8a55dd05d0e42effffffffffffffffffffffff03000000';

describeWithShared('our own pages', () => {
	let store: HistoryStore;
	let reader: SessionReader;

	beforeAll(async () => {
		({store, reader} = await ingestBatches(readRecordedBatches()));
		const nodeId = reader.entities('node')[0]!.nodeId;
		const lines = Array.from({length: 30_000}, (_, index) => `line ${index} <b>\n`).join('');
		store.write(reader.session.id, {
			logPieces: [{nodeId, path: 'a&b.log', offset: 0, bytes: Buffer.from(lines)}],
		});
		reader = store.read(reader.session.id);
		return () => store.close();
	});

	function open(address: string): {readonly status: number; readonly text: string} {
		const url = new URL(address, `http://history${BASE}pages/`);
		const path = decodeURIComponent(url.pathname).slice(BASE.length - 1);
		const answer = renderSessionPage(reader, path, url.searchParams);
		return {status: answer.status, text: readBody(answer)};
	}

	/** Addresses of a page that lead to pages of ours. */
	function linksOf(text: string): readonly string[] {
		return [...text.matchAll(/href="([^"]+)"/g)]
			.map(([, address]) => address!.replaceAll('&#38;', '&'))
			.filter(address => address.startsWith(`${BASE}pages/`));
	}

	it('lead from one to all others, with no link that is broken and no script', () => {
		const waiting = [BASE];
		const seen = new Set(waiting);
		const kinds = new Set<string>();
		for (const address of waiting) {
			const {status, text} = open(address);
			expect([address, status]).toEqual([address, 200]);
			expect(text).not.toMatch(/<script|javascript:| on\w+=/i);
			for (const link of linksOf(text)) {
				const kind = link.replace(/\?.*/, '').split('/').slice(5, 7).join('/');
				kinds.add(link.split('/').length > 7 ? `${kind}/*` : kind);
				if (seen.has(link) || seen.size > 400) continue;
				seen.add(link);
				waiting.push(link);
			}
		}

		expect([...kinds].sort()).toEqual([
			'pages/actors',
			'pages/actors/*',
			'pages/jobs',
			'pages/jobs/*',
			'pages/logs',
			'pages/nodes',
			'pages/nodes/*',
			'pages/tasks',
			'pages/tasks/*',
			'pages/timeline',
		]);
	});

	it('show every task once, page after page', () => {
		const found: string[] = [];
		let address: string | undefined = 'tasks';
		while (address !== undefined) {
			const {text} = open(address);
			found.push(
				...[...text.matchAll(/pages\/tasks\/([\da-f]{48})"[^]*?<td>\s*(\d+)/g)].map(
					([, id, attempt]) => `${id} ${attempt}`,
				),
			);
			address = linksOf(text).find(link => link.includes('after='));
		}

		const total = reader.countTasks({filters: [], excludesDrivers: true});
		expect(new Set(found).size).toBe(total);
		expect(found).toHaveLength(total);
	});

	it('filter as the API does', () => {
		const filters = [{column: 'state', isNegated: false, value: 'FAILED'}] as const;
		const count = reader.countTasks({filters, excludesDrivers: true});
		expect(count).toBeGreaterThan(0);
		expect(open('tasks?state=failed').text).toContain(`of ${count} tasks`);
		expect(open('tasks?state=failed').text).toMatch(/<option selected>\s*FAILED/);
		expect(open('actors?state=DEAD&class_name=counter').text).toMatch(/of \d+ actors/);
		expect(open('tasks?after=nonsense').status).toBe(200);
	});

	it('show all attempts at a task, and what became of each', () => {
		const {text} = open(`tasks/${TASK}`);
		expect(text).toContain('Attempt 1');
		expect(text).toContain('Attempt 0');
		expect(text).toContain('RUNNING');
	});

	it('draw who ran what as a picture whose bars lead to the tasks', () => {
		const {text} = open('timeline?job_id=03000000');
		const bars = [...text.matchAll(/<rect[^>]*\swidth="([\d.]+)"/g)].map(([, width]) => Number(width));
		expect(bars.length).toBeGreaterThan(10);
		expect(Math.min(...bars)).toBeGreaterThanOrEqual(1);
		expect(Math.max(...bars)).toBeLessThanOrEqual(1070);
		expect(text).toContain(`${BASE}pages/tasks/`);
		expect(open('timeline?name=nobody').text).toContain('None of them ran.');
	});

	it('show a log from its end, in parts, as text', () => {
		const list = open('logs?part=%26b').text;
		const [address] = linksOf(list).filter(link => link.includes('file='));
		const end = open(address!).text;
		expect(end).toContain('line 29999 &#60;b&#62;');
		expect(end).not.toContain('line 0 ');
		const beginning = open(linksOf(end).find(link => link.endsWith('from=0'))!).text;
		expect(beginning).toContain('line 0 &#60;b&#62;');
		expect(open('logs?node_id=x&file=../../etc/passwd').status).toBe(404);
	});

	it('know nothing of what is not there', () => {
		for (const address of ['tasks/ff', 'actors/ff', 'nodes/ff', 'jobs/none', 'secrets', 'tasks/a/b']) {
			expect([address, open(address).status]).toEqual([address, 404]);
		}
	});

	it('take what was recorded for text, and no browser runs any of it', async () => {
		expect(open(`tasks?name=${encodeURIComponent('"><script>')}`).text).toContain(
			'&#34;&#62;&#60;script&#62;',
		);
		const server = await listen(createHistoryListener({store}), {host: '127.0.0.1', port: 0});
		try {
			const answer = await fetch(`${server.url}${BASE}pages/tasks`);
			expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
			expect(answer.headers.get('etag')).not.toBeNull();
			expect(await (await fetch(`${server.url}/homepage`)).text()).toContain(`href="${BASE}"`);
		} finally {
			await server.close();
		}
	});
});
