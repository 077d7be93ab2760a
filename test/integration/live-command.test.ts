import {chmod, readFile, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, vi} from 'vitest';
import {WebVTTParser} from 'webvtt-parser';

import {main} from '../../src/cli/main.js';
import type {CommandContext, OpenEngineOptions} from '../../src/cli/command-context.js';
import {RunStop} from '../../src/cli/run-stop.js';
import type {Engine, SessionOptions} from '../../src/core/engine/engine.js';
import {
	createScriptedEngine,
	type ScriptedEngineOptions,
} from '../../src/core/engine/testing/scripted-engine.js';
import {systemClock} from '../../src/core/util/clock.js';
import {createFakeContext, type FakeContext, type FakeContextParts} from '../helpers/fake-context.js';
import {createScriptedTranslator, saying} from '../helpers/scripted-translator.js';
import {makeSpokenNoise} from '../helpers/spoken-noise.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const noise = makeSpokenNoise(3, 8, 2);
/** The first segment, and most of the second: seven words and a half of eight. */
const firstPart = noise.wav.subarray(0, 44 + 5.75 * 32_000);
const rest = noise.wav.subarray(firstPart.length);

interface LiveContext extends FakeContext {
	readonly pipe: PassThrough;
	/** What the engine was asked for. */
	readonly sessions: SessionOptions[];
	readonly engine: Engine;
}

function createLiveContext(parts: FakeContextParts & {script?: ScriptedEngineOptions} = {}): LiveContext {
	const pipe = new PassThrough();
	const sessions: SessionOptions[] = [];
	const engine = createScriptedEngine(parts.script);
	const openSession = engine.openSession.bind(engine);
	engine.openSession = (options, open) => {
		sessions.push(options);
		return openSession(options, open);
	};
	const context = createFakeContext({stdin: pipe, openEngine: () => Promise.resolve(engine), ...parts});
	return Object.assign(context, {pipe, sessions, engine});
}

async function translate(context: CommandContext, ...parameters: string[]): Promise<number> {
	return main(['translate', ...parameters], context);
}

interface PrintedEvent extends Record<string, unknown> {
	readonly type: string;
	readonly text?: string;
	readonly target?: string;
}

function eventsOf(context: FakeContext): PrintedEvent[] {
	return context.stdout.lines.map(line => JSON.parse(line) as PrintedEvent);
}

function english(text: string): string {
	return text
		.split(' ')
		.map(word => `${word}-en`)
		.join(' ');
}

describe('infinisst translate -', () => {
	it('prints text while the pipe is still open, each word once, and a new line where a segment ends', async () => {
		const context = createLiveContext();
		const running = translate(context, '-', '--to', 'same');
		context.pipe.write(firstPart);
		const [first, second] = noise.segments;
		await vi.waitFor(() => expect(context.stdout.text).toContain(second!.slice(0, 6)));
		expect(context.stdout.text).toMatch(new RegExp(`^${first!}\n\\w`));
		expect(`${first!}\n${second!}`.startsWith(context.stdout.text)).toBe(true);
		context.pipe.end(rest);
		expect(await running).toBe(0);
		expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
		expect(context.stderr.lines).toEqual([
			'Listening to the standard input.',
			'the standard input: 0:08 heard, mean lag 0.0 s',
		]);
	});

	it('hears headerless samples', async () => {
		const context = createLiveContext();
		context.pipe.end(noise.raw);
		expect(await translate(context, '-', '--to', 'same', '--raw', 's16le')).toBe(0);
		expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
	});

	it.each([
		[[], {sourceLanguage: 'auto', targets: ['en'], latencyMultiplier: 2, words: false, partials: false}],
		[['--from', 'de', '--latency', '4'], {sourceLanguage: 'de', targets: ['en'], latencyMultiplier: 4}],
		[['--to', 'same,en'], {targets: ['same', 'en']}],
		[['--to', 'same', '--to', 'English'], {targets: ['same', 'en']}],
		// English captions of English are one target, whatever they are called.
		[['--from', 'en', '--to', 'same,en'], {sourceLanguage: 'en', targets: ['same']}],
		[['--from', 'de', '--to', 'de,same,en'], {sourceLanguage: 'de', targets: ['same', 'en']}],
		[['--prompt', 'Dr. Müller', '--json'], {prompt: 'Dr. Müller', partials: true, words: false}],
		[['--json', '--words'], {words: true}],
		// Subtitles are cut at the times of words.
		[['--format', 'srt'], {words: true}],
	])('asks the engine for what %j means', async (flags, wanted) => {
		const context = createLiveContext();
		context.pipe.end(noise.wav);
		expect(await translate(context, '-', ...flags)).toBe(0);
		expect(context.sessions).toMatchObject([{catchUp: false, ...wanted}]);
	});

	it('keeps to a glossary that is edited while somebody speaks, and says so', async () => {
		const cwd = await temporaryDirectory();
		const path = join(cwd, 'terms.tsv');
		await writeFile(path, 'chair\tVorsitz\n');
		const context = createLiveContext({cwd});
		const changes: unknown[] = [];
		const openSession = context.engine.openSession.bind(context.engine);
		context.engine.openSession = async (options, open) => {
			const session = await openSession(options, open);
			const change = session.change.bind(session);
			session.change = wanted => {
				changes.push(wanted);
				change(wanted);
			};
			return session;
		};
		const running = translate(context, '-', '--to', 'same', '--glossary', 'terms.tsv');
		context.pipe.write(firstPart);
		await vi.waitFor(() => expect(context.stdout.text).not.toBe(''));
		expect(context.sessions).toMatchObject([{glossary: [{source: 'chair', target: 'Vorsitz'}]}]);
		await writeFile(path, 'no term\n');
		await utimes(path, 1, 1);
		const sees = (sentence: string): Promise<void> =>
			vi.waitFor(
				() => {
					context.clock.advance(1000);
					expect(context.stderr.text).toContain(sentence);
				},
				{timeout: 10_000},
			);
		await sees('Line 1 of terms.tsv is no term with its translation');
		await writeFile(path, 'chair\tStuhl\ndesk\tPult\n');
		await utimes(path, 2, 2);
		await sees('terms.tsv has changed: 2 terms from here on.');
		expect(changes).toEqual([
			{
				glossary: [
					{source: 'chair', target: 'Stuhl'},
					{source: 'desk', target: 'Pult'},
				],
			},
		]);
		context.pipe.end(rest);
		expect(await running).toBe(0);
	});

	it('labels the lines of several languages', async () => {
		const context = createLiveContext();
		context.pipe.end(noise.wav);
		await translate(context, '-', '--from', 'de', '--to', 'same,en');
		expect(context.stdout.lines).toEqual(
			noise.segments.flatMap(text => [`[de] ${text}`, `[en] ${english(text)}`]),
		);
	});

	it('prints other formats a segment at a time', async () => {
		const context = createLiveContext();
		const running = translate(context, '-', '--to', 'same', '--format', 'srt', '--quiet');
		context.pipe.write(firstPart);
		const cue = `1\n00:00:00,000 --> 00:00:01,500\n${noise.segments[0]!}\n\n`;
		await vi.waitFor(() => expect(context.stdout.text).toBe(cue));
		context.pipe.end(rest);
		await running;
		expect(context.stdout.text.match(/-->/g)!.length).toBeGreaterThanOrEqual(3);
		expect(context.stderr.text).toBe('');
	});

	it('writes json without what is known of recordings only', async () => {
		const context = createLiveContext();
		context.pipe.end(noise.wav);
		await translate(context, '-', '--to', 'same', '--format', 'json');
		expect(JSON.parse(context.stdout.text)).toMatchObject({
			file: '-',
			task: 'transcribe',
			duration: 8,
			language: 'en',
			segments: noise.segments.map((text, id) => ({id, text})),
		});
		expect(context.stdout.text).not.toContain('avg_logprob');
	});

	it('refuses to hear a terminal', async () => {
		const context = createLiveContext();
		Object.assign(context.pipe, {isTTY: true});
		expect(await translate(context, '-')).toBe(2);
		expect(context.stderr.text).toContain('The standard input is a terminal, not a recording');
	});

	it('refuses what is no audio, and leaves no output behind', async () => {
		const cwd = await temporaryDirectory();
		const context = createLiveContext({cwd});
		context.pipe.end('this is no audio');
		expect(await translate(context, '-', '--json')).toBe(2);
		expect(context.stderr.lines.at(-1)).toMatch(/^infinisst: "-" is in no audio format we know\. /);
		expect(eventsOf(context).at(-1)).toMatchObject({type: 'error', code: 'AUDIO_UNDECODABLE', fatal: true});
	});
});

describe('--json in live use', () => {
	it('prints the events of the stream, from the session to done', async () => {
		const context = createLiveContext();
		context.pipe.end(noise.wav);
		expect(await translate(context, '-', '--to', 'same,en', '--json')).toBe(0);
		const events = eventsOf(context);
		expect(events[0]).toEqual({
			type: 'session.created',
			seq: 0,
			at_ms: 0,
			model: 'whisper-base',
			source_language: 'auto',
			targets: ['same', 'en'],
			latency_multiplier: 2,
		});
		expect(events.slice(-2).map(({type}) => type)).toEqual(['usage', 'done']);
		expect(events.at(-2)).toMatchObject({audio_ms: 8000, segments: 6});
		expect(new Set(events.map(({type}) => type))).toEqual(
			new Set(['session.created', 'partial', 'final', 'lag', 'usage', 'done']),
		);
		expect(events.map(event => event['seq'])).toEqual(events.map((_, index) => index));
		const textOf = (wanted: string) =>
			events
				.filter(({type, target}) => type === 'final' && target === wanted)
				.map(({text}) => text)
				.join('');
		expect(textOf('same')).toBe(` ${noise.segments.join(' ')}`);
		expect(textOf('en')).toBe(` ${english(noise.segments.join(' '))}`);
	});

	it('says what was worked around, and goes on', async () => {
		const context = createLiveContext();
		context.pipe.end(noise.wav.subarray(0, noise.wav.length - 100));
		expect(await translate(context, '-', '--json')).toBe(0);
		const errors = eventsOf(context).filter(({type}) => type === 'error');
		expect(errors).toMatchObject([
			{code: null, fatal: false, message: expect.stringMatching(/^"-" is cut short/) as string},
		]);
	});
});

describe('--subtitles', () => {
	it.each(['vtt', 'srt'])(
		'is a whole %s file after each segment, while the speaker goes on',
		async format => {
			const cwd = await temporaryDirectory();
			const context = createLiveContext({cwd});
			const running = translate(context, '-', '--to', 'same', '--subtitles', `new/talk.${format}`);
			context.pipe.write(firstPart);
			await vi.waitFor(() => expect(context.stdout.text).toContain('\n'));
			const [first, ...others] = noise.segments;
			const point = format === 'vtt' ? '.' : ',';
			const head = format === 'vtt' ? 'WEBVTT\n\n' : '1\n';
			const expected = `${head}00:00:00${point}000 --> 00:00:01${point}500\n${first!}\n\n`;
			const read = () => readFile(join(cwd, `new/talk.${format}`), 'utf8');
			await vi.waitFor(async () => expect(await read()).toBe(expected));
			context.pipe.end(rest);
			expect(await running).toBe(0);
			const text = await read();
			expect(text.startsWith(expected)).toBe(true);
			for (const other of others) expect(text.replaceAll(/\s+/g, ' ')).toContain(other.slice(0, 20));
			if (format === 'vtt') expect(new WebVTTParser().parse(text, 'subtitles').errors).toEqual([]);
			expect(context.stderr.lines.at(-1)).toMatch(/written to new\/talk\.\w+$/);
		},
	);

	it('and --output have a file for each of several languages', async () => {
		const cwd = await temporaryDirectory();
		const context = createLiveContext({cwd});
		context.pipe.end(noise.wav);
		const flags = ['--to', 'same,en', '--subtitles', 'live.vtt', '--output', 'talk.txt'];
		expect(await translate(context, '-', ...flags)).toBe(0);
		const read = (name: string) => readFile(join(cwd, name), 'utf8');
		expect(await read('talk.same.txt')).toBe(`${noise.segments.join('\n')}\n`);
		expect(await read('talk.en.txt')).toBe(`${noise.segments.map(english).join('\n')}\n`);
		expect(await read('live.same.vtt')).toContain(noise.segments[0]!);
		expect(await read('live.en.vtt')).toContain(english(noise.segments[0]!));
		expect(context.stdout.text).toBe('');
		expect(context.stderr.lines.at(-1)).toContain(
			'written to talk.same.txt, live.same.vtt, talk.en.txt, live.en.vtt',
		);
	});

	it('fails with its own name when it cannot be written', async () => {
		const cwd = await temporaryDirectory();
		await writeFile(join(cwd, 'file'), '');
		const context = createLiveContext({cwd});
		context.pipe.end(noise.wav);
		expect(await translate(context, '-', '--subtitles', 'file/talk.vtt')).toBe(1);
		expect(context.stderr.text).toMatch(/Cannot write ".*talk\.vtt".* Name another place with --subtitles\./);
	});
});

describe('the end of live use', () => {
	async function runUntilText(context: LiveContext, ...flags: string[]): Promise<Promise<number>[]> {
		const running = translate(context, '-', '--to', 'same', ...flags);
		context.pipe.write(firstPart);
		await vi.waitFor(() => expect(context.sessions).toHaveLength(1));
		await vi.waitFor(() => expect(context.stdout.text).not.toBe(''));
		return [running];
	}

	it('by Ctrl-C makes final what was heard, completes the files and answers 130', async () => {
		const cwd = await temporaryDirectory();
		const context = createLiveContext({cwd});
		const [running] = await runUntilText(context, '--subtitles', 'talk.srt');
		context.stop(RunStop.interrupted());
		expect(await running).toBe(130);
		const [first, second] = context.stdout.text.split('\n');
		expect(first).toBe(noise.segments[0]);
		// The last word may be cut.
		const heard = second!.split(' ').slice(0, -1);
		expect(noise.segments[1]!.split(' ').slice(0, heard.length)).toEqual(heard);
		expect(context.stdout.text.endsWith('\n')).toBe(true);
		expect(await readFile(join(cwd, 'talk.srt'), 'utf8')).toContain('\n2\n');
		expect(context.stderr.lines.at(-1)).toMatch(/^the standard input: 0:0\d heard/);
	});

	it('by Ctrl-C before anything was heard answers 130 at once', async () => {
		const openEngine = vi.fn(
			({signal}: OpenEngineOptions): Promise<Engine> =>
				new Promise((_resolve, reject) => {
					signal.addEventListener('abort', () => reject(signal.reason as Error));
				}),
		);
		const context = createLiveContext({openEngine});
		const running = translate(context, '-');
		await vi.waitFor(() => expect(openEngine).toHaveBeenCalled());
		context.stop(RunStop.interrupted());
		expect(await running).toBe(130);
		expect(context.stdout.text).toBe('');
	});

	it('is quiet when the reader of the results has gone', async () => {
		const context = createLiveContext();
		const [running] = await runUntilText(context, '--quiet');
		context.stop(RunStop.readerGone());
		expect(await running).toBe(0);
		expect(context.stderr.text).toBe('');
		expect((await context.engine.statistics().catch(() => [])).flatMap(({sessions}) => sessions)).toEqual([]);
	});

	it('by a fault of the engine keeps the text before, and says what happened', async () => {
		const cwd = await temporaryDirectory();
		const script = {faults: [{atMs: 7000, code: 'REPLICA_LOST', hint: 'Start it again.'}]} as const;
		const context = createLiveContext({cwd, script});
		context.pipe.end(noise.wav);
		const flags = ['--to', 'same', '--json', '--output', 'talk.txt', '--quiet'];
		expect(await translate(context, '-', ...flags)).toBe(1);
		expect(eventsOf(context).at(-1)).toMatchObject({
			type: 'error',
			code: 'REPLICA_LOST',
			fatal: true,
			message: 'A scripted fault at 7000 ms. Start it again.',
		});
		expect(context.stderr.lines).toEqual(['infinisst: A scripted fault at 7000 ms. Start it again.']);
		expect(await readFile(join(cwd, 'talk.txt'), 'utf8')).toBe(`${noise.segments[0]!}\n`);
	});
});

describe('--live', () => {
	it('hears a file at its pace', async () => {
		const cwd = await temporaryDirectory();
		await writeFile(join(cwd, 'talk.wav'), noise.wav);
		const context = {...createLiveContext({cwd}), clock: systemClock};
		expect(await translate(context, 'talk.wav', '--live', '--speed', '100', '--to', 'same')).toBe(0);
		expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
	});

	it('waits for the words to be spoken', async () => {
		const cwd = await temporaryDirectory();
		await writeFile(join(cwd, 'talk.wav'), noise.wav);
		const context = createLiveContext({cwd});
		const running = translate(context, 'talk.wav', '--live', '--to', 'same', '--latency', '1');
		await vi.waitFor(() => expect(context.stderr.text).toContain('Listening to talk.wav.'));
		const pass = async (byMs: number) => {
			for (let ms = 0; ms < byMs; ms += 100) {
				context.clock.advance(100);
				await new Promise(resolve => setImmediate(resolve));
			}
		};
		await pass(900);
		expect(context.stdout.text).toBe('');
		await vi.waitFor(async () => {
			await pass(100);
			expect(context.stdout.text).toMatch(/^\w+/);
		});
		await vi.waitFor(async () => {
			await pass(1000);
			expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
		});
		expect(await running).toBe(0);
	});

	it('is one file, and not the others', async () => {
		const context = createLiveContext({cwd: await temporaryDirectory()});
		expect(await translate(context, 'gone.wav', '--live')).toBe(2);
		expect(context.stderr.text).toBe(
			'infinisst: There is no file or folder "gone.wav". Check the name and the folder you are in.\n',
		);
	});

	it('is left out with --no-live', async () => {
		const translator = createScriptedTranslator(saying('From a pipe.'));
		const context = createLiveContext({translator});
		context.pipe.end(noise.wav);
		expect(await translate(context, '-', '--no-live')).toBe(0);
		expect(context.sessions).toEqual([]);
		expect(context.stdout.text).toBe('From a pipe.\n');
	});
});

describe('--mic', () => {
	/** A machine whose only recorder plays some bytes and then does something. */
	async function machineWith(bytes: Uint8Array, then: string): Promise<Record<string, string>> {
		const folder = await temporaryDirectory();
		await writeFile(join(folder, 'sound'), bytes);
		await writeFile(join(folder, 'rec'), `#!/bin/sh\n/bin/cat ${folder}/sound\n${then}\n`);
		await chmod(join(folder, 'rec'), 0o755);
		return {PATH: folder};
	}

	it('hears what the recorder of the system gives, until Ctrl-C', async () => {
		const env = await machineWith(noise.raw, 'exec /bin/sleep 60');
		const context = createLiveContext({env});
		const running = translate(context, '--mic', '--to', 'same');
		await vi.waitFor(() => expect(context.stdout.text).toContain(noise.segments[1]!), {timeout: 20_000});
		context.stop(RunStop.interrupted());
		expect(await running).toBe(130);
		expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
		expect(context.stderr.lines[0]).toBe('Listening to the default of rec.');
	});

	it('prints what was heard before the recorder failed, and its reason', async () => {
		const env = await machineWith(noise.raw, 'echo unplugged >&2; exit 1');
		const context = createLiveContext({env});
		expect(await translate(context, '--mic', '--to', 'same')).toBe(2);
		expect(context.stdout.text).toBe(`${noise.segments.join('\n')}\n`);
		expect(context.stderr.lines.at(-1)).toMatch(
			/^infinisst: Recording from the default of rec failed; rec: unplugged\. Check that the microphone/,
		);
	});

	it('says what to install where nothing can record, before a model is loaded', async () => {
		const openEngine = vi.fn();
		const context = createLiveContext({env: {PATH: await temporaryDirectory()}, openEngine});
		expect(await translate(context, '--mic')).toBe(2);
		expect(context.stderr.text).toMatch(
			/^infinisst: No program here can record from a microphone\. Install one \(Debian: apt-get install /,
		);
		expect(openEngine).not.toHaveBeenCalled();
	});

	it('lists what can be named', async () => {
		const env = await machineWith(noise.raw, '');
		const context = createLiveContext({env});
		expect(await translate(context, '--list-input-devices', '--json')).toBe(0);
		expect(eventsOf(context)).toMatchObject([{name: '', isDefault: true, system: 'SoX', program: 'rec'}]);
		const listing = createLiveContext({env});
		expect(await translate(listing, '--list-input-devices')).toBe(0);
		expect(listing.stdout.lines[0]).toMatch(/^NAME +DESCRIPTION +THROUGH$/);
	});
});

describe('flags that do not go together', () => {
	it.each([
		[['--mic', 'a.wav'], /^infinisst: --mic hears the microphone, and "a\.wav" is another input\. Leave one/],
		[['--mic', '--no-live'], /--mic is always live\. Leave --no-live out\./],
		[['a.wav', '--input-device', 'desk'], /--input-device names a microphone\. Add --mic\./],
		[['a.wav', 'b.wav', '--live'], /--live hears one recording at a time, not 2\./],
		[['a.wav', '--speed', '2'], /--speed is the pace of a live recording\. Add --live/],
		[['a.wav', '--latency', '1'], /--latency is for live use\. Add --live/],
		[['a.wav', '--subtitles', 'a.vtt'], /--subtitles is for live use\. .*--output a\.vtt\./],
		[['a.wav', '--to', 'same,en', '--format', 'srt'], /srt of several languages needs a file for each\./],
		[['-', '--speed', '2'], /--speed is for files; the standard input and the microphone have a pace/],
		[['-', '--beam', '5'], /--beam weighs whole sentences, .* or add --no-live\./],
		[['--mic', '--beam', '5'], /--beam weighs whole sentences, .* Leave it out in live use\./],
		[['-', '--previous-text'], /--previous-text is for recordings; /],
		[['-', '--timestamps'], /--timestamps is for recordings\./],
		[['--mic', '--raw', 's16le'], /--raw describes an input, and --mic needs none\./],
		[['-', '--subtitles', 'a.txt'], /--subtitles must end in \.vtt or \.srt, not "a\.txt"\./],
		[['-', '--latency', '5'], /--latency must be one of 1, 2, 3, 4, not "5"/],
		[['a.wav', '--live', '--speed', '0'], /--speed must be a number from 0\.1 to 100, not "0"/],
		[['a.wav', '--live', '--speed', 'fast'], /--speed must be a number from 0\.1 to 100, not "fast"/],
		[['-', '--to', 'same,en', '--format', 'srt'], /Several languages cannot be printed as one srt\./],
		[['-', '--to', 'de -> en,fr -> same'], /Only one language can be spoken, not de and fr\./],
		[['-', '--output', 'a.vtt', '--subtitles', 'a.vtt'], /--output and --subtitles name the same file\./],
		[[], /missing required argument 'inputs'\. Name a recording, or - for the standard input; --mic/],
	])('%j is refused with one sentence and exit code 2', async (parameters, sentence) => {
		const context = createLiveContext({cwd: await temporaryDirectory()});
		expect(await translate(context, ...parameters)).toBe(2);
		expect(context.stderr.text).toMatch(sentence);
		expect(context.stderr.lines).toHaveLength(1);
		expect(context.stdout.text).toBe('');
	});
});
