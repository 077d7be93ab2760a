import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import stringWidth from 'string-width';
import {expect, it, onTestFinished} from 'vitest';

import {liveProgram, openLiveTerminal, Speaker} from '../helpers/live-terminal.js';
import {describeWithTerminal} from '../helpers/pseudo-terminal.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

/** The one line that says how the session is. */
const statusLine = /^\d+:\d\d {2}[█░]{8}/gm;

/** Text is drawn first and the status line after it. */
function isComplete(screen: string): boolean {
	return screen.match(statusLine)?.length === 1;
}

const lag = {type: 'lag-measured', audioMs: 0, finalMs: 0, lagMs: 1234, levelDecibels: -20} as const;

function numbered(count: number, word = 'word'): string {
	return Array.from({length: count}, (_, index) => ` ${word}${index}`).join('');
}

describeWithTerminal('live translation in a terminal', () => {
	it('shows complete segments above, what is open below them, and the status last, on 24 lines of 80', async () => {
		const terminal = await openLiveTerminal([]);
		const speaker = new Speaker();
		terminal.tell({
			events: [
				{type: 'language-detected', language: 'de', probability: 0.9, startMs: 0},
				...speaker.end(' Good morning.'),
				speaker.final(' How are'),
				speaker.partial(' you to'),
				lag,
			],
		});
		const screen = await terminal.waitFor(text => text.includes('lag 1.2 s') && text.includes('█'));
		expect(screen).toMatch(
			/^Good morning\.\nHow are you to\n0:\d\d {2}█{6}░{2} {2}German to English {2}lag 1\.2 s {2}latency 2 {2}\+ - change, q ends$/,
		);
		terminal.tell({events: speaker.end(' you today?')});
		// Finished text is drawn first and the status line after it: wait for both.
		await terminal.waitFor(text => /^Good morning\.\nHow are you today\?\n0:\d\d .*$/.test(text));
		terminal.type('q');
		const ended = await terminal.ended;
		expect(ended.exitCode).toBe(0);
		expect(ended.screen).toMatch(
			/^Good morning\.\nHow are you today\?\ntalk\.wav: 0:\d\d heard, mean lag 1\.2 s$/,
		);
	});

	it('puts what may still change in brackets where there are no colours', async () => {
		const plain = await openLiveTerminal(['--no-color']);
		const other = new Speaker();
		plain.tell({events: [other.final(' sure'), other.partial(' perhaps')]});
		await plain.waitFor(text => text.includes('sure [perhaps]'));
	});

	it('shows the end of an open text that is too long for the screen', async () => {
		const terminal = await openLiveTerminal([]);
		const speaker = new Speaker();
		terminal.tell({
			events: [...speaker.end(' Before.'), speaker.final(numbered(2000)), speaker.partial(' perhaps')],
		});
		const screen = await terminal.waitFor(text => text.includes('perhaps') && isComplete(text));
		const lines = screen.split('\n');
		expect(lines[0]).toBe('Before.');
		expect(lines[1]).toMatch(/^… word\d+ /);
		expect(lines).toHaveLength(8);
		const shown = lines.slice(1, -1).join(' ').replace('… ', '').split(' ');
		expect(shown.at(-1)).toBe('perhaps');
		expect(shown.slice(0, -1)).toEqual(
			Array.from({length: shown.length - 1}, (_, index) => `word${2000 - shown.length + 1 + index}`),
		);
		terminal.tell({events: speaker.end()});
		terminal.type('q');
		const {screen: left} = await terminal.ended;
		expect(left.replaceAll(/\s+/g, ' ')).toContain(`Before.${numbered(2000)} talk.wav`);
		expect(left.match(statusLine)).toBeNull();
	});

	it('keeps wide characters within the line, and every one of them', async () => {
		const terminal = await openLiveTerminal(['--to', 'same', '--from', 'zh']);
		const speaker = new Speaker('same', 'zh');
		const text = Array.from({length: 150}, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
		terminal.tell({events: [speaker.final(text), speaker.partial('，好')]});
		const screen = await terminal.waitFor(shown => shown.includes('好') && isComplete(shown));
		const lines = screen.split('\n').slice(0, -1);
		expect(lines.join('')).toBe(`${text}，好`);
		expect(lines.map(line => stringWidth(line)).every(width => width <= 79 && width >= 8)).toBe(true);
		expect(screen.split('\n').at(-1)).toMatch(/Chinese/);
		terminal.tell({events: speaker.end()});
		terminal.type('q');
		expect((await terminal.ended).screen.replaceAll('\n', '')).toContain(text);
	});

	it('stays whole when the window gets narrower, wider, shorter and higher', async () => {
		const terminal = await openLiveTerminal([]);
		const speaker = new Speaker();
		terminal.tell({
			events: [...speaker.end(' A first segment.'), speaker.final(numbered(30)), speaker.partial(' x'), lag],
		});
		await terminal.waitFor(text => text.includes('word29 x') && text.includes('lag 1.2'));
		const sizes: [number, number][] = [
			[24, 40],
			[24, 25],
			[24, 120],
			[10, 120],
			[10, 60],
			[24, 80],
		];
		for (const [step, [rows, columns]] of sizes.entries()) {
			await terminal.resize(rows, columns);
			terminal.tell({events: [speaker.partial(` step${step}`)]});
			const screen = await terminal.waitFor(
				text =>
					text.includes(`step${step}`) &&
					text.split('\n').every(line => line.length < columns) &&
					text.match(statusLine)?.length === 1,
			);
			const lines = screen.split('\n');
			expect(lines.at(-1)).toMatch(/^0:\d\d/);
			expect(lines.filter(line => line.includes('A first segment.'))).toHaveLength(1);
			expect(screen.match(/\bword29\b/g)).toHaveLength(1);
			expect(screen.match(/step/g)).toHaveLength(1);
		}

		terminal.tell({events: speaker.end()});
		terminal.type('q');
		const {screen} = await terminal.ended;
		expect(screen.replaceAll(/\s+/g, ' ')).toMatch(
			new RegExp(`^A first segment\\.${numbered(30)} talk\\.wav: 0:\\d\\d heard, mean lag 1\\.2 s$`),
		);
	});

	it('fits into a window that is hardly one', async () => {
		const terminal = await openLiveTerminal([], {rows: 3, columns: 20});
		const speaker = new Speaker();
		terminal.tell({events: [speaker.final(numbered(10)), lag]});
		const screen = await terminal.waitFor(text => text.includes('word9') && isComplete(text));
		expect(screen).toMatch(/^… .*word9\n0:\d\d {2}[█░]{8}$/);
		terminal.tell({events: speaker.end()});
		terminal.type('q');
		expect((await terminal.ended).screen.replaceAll(/\s+/g, ' ')).toMatch(
			new RegExp(`^${numbered(10).trim()} talk\\.wav`),
		);
	});

	it('labels each of several languages', async () => {
		const terminal = await openLiveTerminal(['--from', 'de', '--to', 'same,en']);
		const [german, english] = [new Speaker('same', 'de'), new Speaker('en')];
		terminal.tell({
			events: [
				...german.end(' Guten Morgen.'),
				...english.end(' Good morning.'),
				german.final(' Wie'),
				english.final(numbered(40)),
				lag,
			],
		});
		const lines = (await terminal.waitFor(text => text.includes('lag'))).split('\n');
		expect(lines.slice(0, 3)).toEqual(['de  Guten Morgen.', 'en  Good morning.', 'de  Wie']);
		expect(lines[3]).toMatch(/^en {2}… word\d+|^en {2}word0/);
		expect(lines[4]).toMatch(/^ {4}word/);
		expect(lines.at(-1)).toContain('German to English');
		terminal.type('q');
		await terminal.ended;
	});

	it('changes the latency with + and -, within 1 and 4', async () => {
		const terminal = await openLiveTerminal([]);
		await terminal.waitFor(text => text.includes('latency 2'));
		terminal.type('+');
		await terminal.waitFor(text => text.includes('latency 3'));
		terminal.type('+++');
		await terminal.waitFor(text => text.includes('latency 4'));
		terminal.type('-');
		await terminal.waitFor(text => text.includes('latency 3'));
		terminal.type('-----');
		await terminal.waitFor(text => text.includes('latency 1'));
		terminal.type('q');
		expect((await terminal.ended).exitCode).toBe(0);
	});

	it('prints at Ctrl-C what was heard, and answers 130', async () => {
		const terminal = await openLiveTerminal(['--subtitles', 'talk.vtt']);
		const speaker = new Speaker();
		terminal.tell({events: [speaker.final(' So far'), speaker.partial(' so')]});
		await terminal.waitFor(text => text.includes('So far so'));
		terminal.tell({lastEvents: speaker.end(' so good.')});
		// The order must be there before the key.
		terminal.tell({events: [lag]});
		await terminal.waitFor(text => text.includes('lag 1.2'));
		terminal.type('\u0003');
		const {exitCode, screen} = await terminal.ended;
		expect(exitCode).toBe(130);
		expect(screen).toMatch(/^So far so good\.\ntalk\.wav: .* written to talk\.vtt$/);
	});

	it('is ended at once by a second Ctrl-C, and leaves the terminal as it was', async () => {
		const shell = ['/bin/sh', '-c', '"$@"; echo "ended by $?"; stty -a', 'sh', ...liveProgram];
		const terminal = await openLiveTerminal([], {program: shell});
		terminal.tell({hangs: true, events: [lag]});
		await terminal.waitFor(text => text.includes('lag 1.2'));
		terminal.type('\u0003');
		await terminal.waitFor(text => text.includes('ending'));
		// Again and again: a second one so soon after the first is taken for the same.
		const again = setInterval(() => terminal.type('\u0003'), 300);
		onTestFinished(() => clearInterval(again));
		const {screen} = await terminal.ended;
		clearInterval(again);
		expect(screen).toMatch(/ended by 130/);
		expect(screen).toMatch(/[^-]icanon/);
		expect(screen).toMatch(/[^-]echo\b/);
	});

	it('draws on the terminal while the text goes elsewhere', async () => {
		const stdoutPath = join(await temporaryDirectory(), 'text.txt');
		const terminal = await openLiveTerminal([], {stdoutPath});
		const speaker = new Speaker();
		terminal.tell({events: [...speaker.end(' One.'), speaker.final(' Two'), speaker.partial(' thr')]});
		await terminal.waitFor(text => text.includes('Two thr') && text.includes('One.'));
		terminal.tell({lastEvents: speaker.end(' three.'), events: [lag]});
		await terminal.waitFor(text => text.includes('lag 1.2'));
		terminal.type('q');
		expect((await terminal.ended).screen).toContain('One.\nTwo three.\n');
		expect(await readFile(stdoutPath, 'utf8')).toBe('One.\nTwo three.\n');
	});
});
