import {once} from 'node:events';
import {copyFile, readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';

import {wordErrorRate} from '../../src/core/scoring/error-rate.js';
import {ensureDefaultModel} from '../helpers/default-model.js';
import {describeWithTerminal, openTerminal} from '../helpers/pseudo-terminal.js';
import {runProgram, startProgram} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const kennedy = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));
const spanish = fileURLToPath(new URL('../../examples/spanish-synthesised.flac', import.meta.url));
const kennedyText =
	'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';
const spanishInEnglish =
	'The government announced a new plan to improve education. We need more time to finish this work. Scientists say that the climate is changing all over the world.';

/** The same recording under many names: more work than can be done before a signal comes. */
async function copyKennedy(count: number): Promise<string[]> {
	const folder = await temporaryDirectory();
	const names = Array.from({length: count}, (_, index) => join(folder, `${index}.flac`));
	for (const name of names) await copyFile(kennedy, name);
	return names;
}

beforeAll(ensureDefaultModel);

describe('infinisst translate, with the default model', () => {
	it('writes captions of a real English recording', async () => {
		const {exitCode, stdout, stderr} = await runProgram(['translate', kennedy, '--to', 'same']);
		expect(exitCode).toBe(0);
		// One word of the 22 may be wrong; the reference implementation makes no error here.
		expect(wordErrorRate(kennedyText, stdout).rate).toBeLessThanOrEqual(1 / 22);
		expect(stderr).toMatch(/^.*kennedy-1961\.flac: 0:11 of English in [\d.]+ s, [\d.]+x real time\n$/);
	});

	it('translates Spanish into English', async () => {
		const {exitCode, stdout} = await runProgram(['translate', spanish, '--quiet']);
		expect(exitCode).toBe(0);
		// A translation may choose other words; one of another text has none of these.
		expect(wordErrorRate(spanishInEnglish, stdout).rate).toBeLessThanOrEqual(0.35);
	});

	it('writes subtitles whose times lie inside the recording, in order', async () => {
		const {stdout} = await runProgram(['translate', kennedy, '--format', 'json', '--words', '--quiet']);
		const {segments, language, duration} = JSON.parse(stdout) as {
			language: string;
			duration: number;
			segments: {start: number; end: number; words: {word: string; start: number; end: number}[]}[];
		};
		expect({language, duration}).toEqual({language: 'en', duration: 11});
		const times = segments.flatMap(({words}) => words.map(({start}) => start));
		expect(times.length).toBeGreaterThanOrEqual(20);
		expect(times).toEqual([...times].sort((a, b) => a - b));
		expect(segments[0]!.start).toBeGreaterThanOrEqual(0);
		expect(segments.at(-1)!.end).toBeLessThanOrEqual(11);
	});

	it('hears a recording on the standard input', async () => {
		const {exitCode, stdout} = await runProgram(['translate', '-', '--quiet'], {
			input: await readFile(kennedy),
		});
		expect(exitCode).toBe(0);
		expect(wordErrorRate(kennedyText, stdout).rate).toBeLessThanOrEqual(1 / 22);
	});

	it('does the good ones of several recordings, and answers 2 for the bad one', async () => {
		const folder = await temporaryDirectory();
		await copyFile(kennedy, join(folder, '1.flac'));
		await writeFile(join(folder, '2.wav'), 'no audio at all');
		await copyFile(spanish, join(folder, '3.flac'));
		const {exitCode, stdout, stderr} = await runProgram(['translate', folder, '--json', '--quiet']);
		expect(exitCode).toBe(2);
		const events = stdout
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as {type: string; file?: string});
		expect(
			events.filter(({type}) => /^file-(ended|failed)$/.test(type)).map(({type, file}) => [type, file]),
		).toEqual([
			['file-ended', join(folder, '1.flac')],
			['file-failed', join(folder, '2.wav')],
			['file-ended', join(folder, '3.flac')],
		]);
		expect(stderr.trim().split('\n')).toHaveLength(1);
		expect(stderr).toContain('2.wav');
	});

	it('prints the first text before it has heard the last', async () => {
		const child = startProgram(['translate', ...(await copyKennedy(10)), '--json']);
		let output = '';
		for await (const chunk of child.stdout) {
			output += String(chunk);
			if (output.includes('segment-final')) break;
		}

		expect(output).toContain('segment-final');
		expect(output).not.toContain('run-ended');
	});

	it('ends quietly when the reader of the results has gone', async () => {
		const child = startProgram(['translate', kennedy, spanish, '--quiet']);
		child.stdout.destroy();
		let stderr = '';
		child.stderr.on('data', chunk => (stderr += String(chunk)));
		const [exitCode] = (await once(child, 'close')) as [number];
		expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});
	});

	it('refuses a device that is not there with one sentence', async () => {
		const {exitCode, stdout, stderr} = await runProgram(['translate', kennedy, '--device', 'cuda']);
		expect({exitCode, stdout, stderr}).toEqual({
			exitCode: 2,
			stdout: '',
			stderr:
				'infinisst: The device "cuda" cannot be used on this machine. Use --device cpu, or leave --device out.\n',
		});
	});

	it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 on %s and leaves no output behind', async signal => {
		const output = join(await temporaryDirectory(), 'out');
		const names = await copyKennedy(30);
		const child = startProgram(['translate', ...names, '--output', `${output}/`, '--json']);
		child.stdout.once('data', () => child.kill(signal));
		const [exitCode] = (await once(child, 'close')) as [number | null];
		expect(exitCode).toBe(130);
		const left = await readdir(output).catch(() => []);
		expect(left.filter(name => name.includes('partial'))).toEqual([]);
		expect(left.length).toBeLessThan(30);
	});
});

describeWithTerminal('infinisst translate in a terminal', () => {
	it('leaves the text and a summary on the screen, and nothing of the progress', async () => {
		const {exitCode, screen} = await openTerminal(['translate', kennedy]).ended;
		expect(exitCode).toBe(0);
		const lines = screen.split('\n');
		const summary = lines.findIndex(line => line.includes('of English in'));
		expect(wordErrorRate(kennedyText, lines.slice(0, summary).join(' ')).rate).toBeLessThanOrEqual(1 / 22);
		expect(screen).not.toMatch(/[█░]/);
	});

	it('is ended by Ctrl-C with 130', async () => {
		const output = join(await temporaryDirectory(), 'out');
		let isInterrupted = false;
		const terminal = openTerminal(['translate', ...(await copyKennedy(30)), '--output', `${output}/`], {
			onScreen(screen) {
				// The summary of the first recording. A second Ctrl-C would end the program at once.
				if (isInterrupted || !screen.includes('written to')) return;
				isInterrupted = true;
				terminal.type('\u0003');
			},
		});
		expect(await terminal.ended).toMatchObject({exitCode: 130});
		const left = await readdir(output);
		expect(left.filter(name => name.includes('partial'))).toEqual([]);
		expect(left.length).toBeLessThan(30);
	});
});

describeWithShared('infinisst translate of a long recording', () => {
	const cwd = sharedPath('audio/dev');
	const long = 'en_long_libri_84.flac';

	describeWithTerminal('in a terminal', () => {
		it('shows how far it is at the foot of the screen while the text scrolls above it', async () => {
			const screens: string[] = [];
			const terminal = openTerminal(['translate', long, '--format', 'srt'], {
				cwd,
				onScreen: screen => screens.push(screen),
			});
			const {exitCode, screen} = await terminal.ended;
			expect(exitCode).toBe(0);
			const drawn = screens.filter(text => /[█░]/.test(text));
			expect(drawn.length).toBeGreaterThan(3);
			expect(drawn.at(-1)).toMatch(
				/en_long_libri_84\.flac \(English\)\n█+░* +\d+ % \d+:\d\d of \d+:\d\d, [\d.]+x real time, 0:\d\d left$/,
			);
			// Never more than one status on the screen, and none left at the end.
			expect(drawn.every(text => text.match(/^[█░]+/gm)?.length === 1)).toBe(true);
			expect(screen).not.toMatch(/[█░]/);
			const numbers = [...screen.matchAll(/^(\d+)$/gm)].map(([, number]) => Number(number));
			expect(numbers).toEqual(Array.from({length: numbers.length}, (_, index) => index + 1));
			expect(numbers.length).toBeGreaterThan(20);
		});

		it('draws on the terminal while the text goes to a file', async () => {
			const stdoutPath = join(await temporaryDirectory(), 'text.txt');
			const screens: string[] = [];
			const {exitCode, screen} = await openTerminal(['translate', long, '--no-color'], {
				cwd,
				stdoutPath,
				onScreen: text => screens.push(text),
			}).ended;
			expect(exitCode).toBe(0);
			expect(screens.some(text => /[█░]/.test(text))).toBe(true);
			expect(screen.split('\n').join('')).toMatch(
				/^\S*en_long_libri_84\.flac: \d+:\d\d of English in .* real time$/,
			);
			expect(await readFile(stdoutPath, 'utf8')).not.toMatch(/[█░]/);
		});
	});
});
