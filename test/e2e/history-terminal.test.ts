import {beforeEach, expect, it} from 'vitest';

import {main} from '../../src/cli/main.js';
import {createFakeContext} from '../helpers/fake-context.js';
import {openTerminal, describeWithTerminal} from '../helpers/pseudo-terminal.js';
import {runProgram} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const TASK = '0a8a55dd05d0e42effffffffffffffffffffffff03000000';

const LISTS = ['clusters', 'sessions', 'jobs', 'tasks', 'actors', 'nodes', 'events', 'logs', 'summary'];

describeWithShared('the history of a cluster', () => {
	describeWithTerminal('in a terminal', () => {
		let home: string;

		beforeEach(async () => {
			home = await temporaryDirectory();
			const context = createFakeContext({cwd: home, env: {INFINISST_HOME: home}});
			expect(await main(['history', 'import', sharedPath('history/storage'), '--quiet'], context)).toBe(0);
		});

		async function show(columns: number, ...args: readonly string[]): Promise<readonly string[]> {
			const {ended} = openTerminal(['history', ...args], {
				columns,
				env: {INFINISST_HOME: home, NO_COLOR: '1'},
			});
			const {exitCode, screen} = await ended;
			expect([args, exitCode]).toEqual([args, 0]);
			return screen.split('\n');
		}

		it('has each row in one line, with whole dates and states, as wide as the window', async () => {
			const commands = [
				...LISTS.map(name => [name]),
				['timeline', '--format', 'table'],
				['query', '/api/v0/tasks?detail=1&limit=20', '--format', 'table'],
			];
			for (const command of commands) {
				const lines = await show(80, ...command, '--utc');
				expect([command, lines.filter(line => line.length > 80)]).toEqual([command, []]);
				expect(lines.length).toBeGreaterThan(1);
			}

			const narrow = await show(80, 'actors', '--utc');
			expect(narrow[0]).toMatch(/^ACTOR +CLASS +.*STATE +.*START$/);
			expect(narrow[1]).toMatch(/ (?:ALIVE|DEAD) .* 2026-11-23 04:\d\d:\d\d$/);
			expect(narrow.join(' ')).toMatch(/No room for .*NODE.*: a wider window shows them/);
			const wide = await show(260, 'actors', '--utc');
			expect(wide[0]).toMatch(/^ACTOR .* NODE .* END$/);
			expect(wide[1]).toMatch(/^[\da-f]{32} /);
		});

		it('breaks what is told of one thing into lines, and cuts nothing of it', async () => {
			const lines = await show(80, 'show', TASK, '--utc');
			// The names of members that are longer than a line are no shorter for it.
			expect(lines.filter(line => line.length > 80)).toEqual([]);
			const text = lines.join('').replaceAll(/\s+/g, '');
			expect(text).toContain(`task_id${TASK}`);
			expect(text).not.toContain('…');
		});

		it('has every column and every id in a pipe', async () => {
			const {stdout} = await runProgram(['history', 'actors', '--utc'], {env: {INFINISST_HOME: home}});
			const [head, first] = stdout.split('\n');
			expect(head!.split(/ {2,}/)).toEqual([
				'ACTOR',
				'CLASS',
				'NAME',
				'STATE',
				'RESTARTS',
				'JOB',
				'NODE',
				'PID',
				'START',
				'END',
			]);
			expect(first).toMatch(/^[\da-f]{32} .* [\da-f]{56} /);
			expect(stdout).not.toMatch(/…|No room/);
		});
	});
});
