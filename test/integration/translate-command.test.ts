import {mkdir, readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, expect, it, vi} from 'vitest';

import {main} from '../../src/cli/main.js';
import {RunStop} from '../../src/cli/run-stop.js';
import {InfinisstError} from '../../src/core/errors.js';
import {createScriptedTextTranslator} from '../../src/core/translation/text/testing/scripted-text-translator.js';
import type {TextSettings} from '../../src/core/translation/text/text-settings.js';
import type {Segment} from '../../src/core/translation/translation-event.js';
import {
	createFakeContext,
	createFakeStore,
	type FakeContext,
	type FakeStoreOptions,
} from '../helpers/fake-context.js';
import {createScriptedTranslator, saying, type TranslationScript} from '../helpers/scripted-translator.js';
import {makeSegment, makeWords} from '../helpers/make-segment.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {writeToneFile} from '../helpers/tone-file.js';

const failing = (error: unknown): TranslationScript =>
	// eslint-disable-next-line require-yield -- fails before anything is said
	async function* (audio) {
		await audio.samples.cancel();
		throw error;
	};

const failingLate: TranslationScript = async function* (audio) {
	await audio.samples.cancel();
	yield {type: 'segment-final', segment: makeSegment({text: 'So far so good.'})};
	throw new InfinisstError('AUDIO_UNDECODABLE', 'The rest is damaged', {hint: 'Record it again.'});
};

async function folderWith(...names: string[]): Promise<string> {
	const folder = await temporaryDirectory();
	for (const name of names) {
		await mkdir(join(folder, name, '..'), {recursive: true});
		await writeToneFile(join(folder, name));
	}

	return folder;
}

async function translate(context: FakeContext, ...parameters: string[]): Promise<number> {
	return main(['translate', ...parameters], context);
}

function events(context: FakeContext): Record<string, unknown>[] {
	return context.stdout.lines.map(line => JSON.parse(line) as Record<string, unknown>);
}

describe('infinisst translate', () => {
	it('prints the text and nothing else on the standard output, a line a segment', async () => {
		const translator = createScriptedTranslator(saying('Good morning.', 'Good night.'));
		const context = createFakeContext({cwd: await folderWith('a.wav'), translator});
		expect(await translate(context, 'a.wav')).toBe(0);
		expect(context.stdout.text).toBe('Good morning.\nGood night.\n');
		expect(context.stderr.lines).toEqual(['a.wav: 0:04 of German in 0.0 s']);
		expect(translator.isClosed).toBe(true);
	});

	it('prints a segment without waiting for the next one', async () => {
		const context: FakeContext = createFakeContext({
			cwd: await folderWith('a.wav'),
			translator: createScriptedTranslator(async function* (audio) {
				await audio.samples.cancel();
				yield {type: 'segment-final', segment: makeSegment({index: 0, text: 'number 0'})};
				await vi.waitFor(() => expect(context.stdout.text).toBe('number 0\n'));
				yield {type: 'segment-final', segment: makeSegment({index: 1, text: 'number 1'})};
			}),
		});
		expect(await translate(context, 'a.wav')).toBe(0);
		expect(context.stdout.text).toBe('number 0\nnumber 1\n');
	});

	it.each([
		[[], {sourceLanguage: 'auto', task: 'translate', beamSize: 1, words: false}],
		[['--from', 'German', '--to', 'same'], {sourceLanguage: 'de', task: 'transcribe'}],
		[['--from', 'German -> English'], {sourceLanguage: 'de', task: 'translate'}],
		[['--from', 'en'], {sourceLanguage: 'en', task: 'transcribe'}],
		[['--beam', '5', '--prompt', 'Dr. Müller'], {beamSize: 5, prompt: 'Dr. Müller'}],
		[['--words', '--format', 'json'], {words: true}],
		[['--format', 'json'], {words: false, previousText: false, timestamps: false}],
		// Subtitles are cut at the times of words.
		[['--format', 'srt'], {words: true}],
		[['--format', 'vtt'], {words: true}],
		[['--previous-text', '--timestamps'], {previousText: true, timestamps: true}],
	])('asks the translator for what %j means', async (flags, wanted) => {
		const translator = createScriptedTranslator(saying('Yes.'));
		const context = createFakeContext({cwd: await folderWith('a.wav'), translator});
		expect(await translate(context, 'a.wav', ...flags)).toBe(0);
		expect(translator.calls).toHaveLength(1);
		expect(translator.calls[0]).toMatchObject(wanted);
	});

	it('opens the translator with the graphs, threads and device asked for', async () => {
		const openTranslator = vi.fn(() => Promise.resolve(createScriptedTranslator(saying('Yes.'))));
		const context = createFakeContext({cwd: await folderWith('a.wav'), openTranslator});
		await translate(context, 'a.wav', '--precision', 'fp32', '--threads', '3', '--device', 'cpu');
		expect(openTranslator).toHaveBeenCalledExactlyOnceWith({
			graphsDirectory: '/models/whisper-base/fp32',
			threads: 3,
			device: 'cpu',
		});
	});

	it('hears the standard input as a recording with --no-live', async () => {
		const folder = await folderWith('a.wav');
		const context = createFakeContext({
			stdin: Readable.from([await readFile(join(folder, 'a.wav'))]),
			translator: createScriptedTranslator(saying('From a pipe.')),
		});
		expect(await translate(context, '-', '--no-live')).toBe(0);
		expect(context.stdout.text).toBe('From a pipe.\n');
	});

	it('refuses to hear a terminal', async () => {
		const stdin = Object.assign(Readable.from([]), {isTTY: true});
		const context = createFakeContext({stdin, translator: createScriptedTranslator(saying('No.'))});
		expect(await translate(context, '-')).toBe(2);
		expect(context.stderr.text).toContain('The standard input is a terminal, not a recording');
	});

	it('writes the format asked for, with the limits asked for', async () => {
		const translator = createScriptedTranslator(saying('one two three four five six seven'));
		const context = createFakeContext({cwd: await folderWith('a.wav'), translator});
		await translate(context, 'a.wav', '--format', 'srt', '--max-line-width', '12', '--max-lines', '1');
		expect(context.stdout.text.match(/-->/g)?.length).toBeGreaterThan(1);
		expect(context.stdout.lines.filter(line => /[a-z]/.test(line)).every(line => line.length <= 12)).toBe(
			true,
		);
	});

	it('says which flags change nothing, and goes on', async () => {
		const translator = createScriptedTranslator(saying('Yes.'));
		const context = createFakeContext({cwd: await folderWith('a.wav'), translator});
		expect(await translate(context, 'a.wav', '--words', '--max-lines', '1', '--quiet')).toBe(0);
		expect(context.stderr.lines).toEqual([
			'--words changes nothing in txt; json, vtt, srt, tsv and lrc have room for it.',
			'--max-line-width and --max-lines change only srt and vtt.',
		]);
	});
});

describe('languages that Whisper does not write', () => {
	const TEXTS: NonNullable<FakeStoreOptions['texts']> = [
		{name: 'big', languages: ['en', 'de'], targets: ['de', 'it', 'fr'], sizeBytes: 9000},
		{name: 'small', languages: ['en'], targets: ['it']},
		{name: 'elsewhere', languages: ['en'], targets: ['zh'], isInstalled: false, sizeBytes: 113_000_000},
	];

	async function createContext(
		texts = TEXTS,
		store = createFakeStore({texts}),
	): Promise<FakeContext & {readonly opened: string[]; readonly prompting: TextSettings[]}> {
		const opened: string[] = [];
		const prompting: TextSettings[] = [];
		const said: TranslationScript = async function* (audio, {words}) {
			await audio.samples.cancel();
			const text = 'we choose the moon.';
			yield {
				type: 'segment-final',
				segment: makeSegment({
					text,
					...(words === true && {
						words: makeWords(
							['we', 'choose', 'the', 'moon.'].map(word => ` ${word}`),
							0,
							500,
						),
					}),
				}),
			};
			yield {type: 'translation-ended', audioMs: 2000, segments: 1};
		};
		const context = createFakeContext({
			cwd: await folderWith('a.wav'),
			store,
			translator: createScriptedTranslator(said),
			openTextTranslator({name, languages, targets, ...rest}) {
				opened.push(name);
				prompting.push(rest);
				const pairs = Object.fromEntries(languages.map(code => [code, targets]));
				return Promise.resolve(createScriptedTextTranslator({model: name, pairs}));
			},
		});
		return Object.assign(context, {opened, prompting});
	}

	it('translates the captions with the smallest model of texts that can', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it')).toBe(0);
		expect(context.stdout.text).toBe('we-it choose-it the-it moon.-it\n');
		expect(context.opened).toEqual(['small']);
	});

	it('writes several languages of one recognition, each line with its language', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it,same,de')).toBe(0);
		expect(context.stdout.lines).toEqual([
			'[same] we choose the moon.',
			'[it] we-it choose-it the-it moon.-it',
			'[de] we-de choose-de the-de moon.-de',
		]);
		expect(context.opened.sort()).toEqual(['big', 'small']);
	});

	it('writes a file for each language', async () => {
		const context = await createContext();
		const flags = ['--from', 'en', '--to', 'it,de', '--output', 'talk.srt'];
		expect(await translate(context, 'a.wav', ...flags)).toBe(0);
		expect(await readFile(join(context.cwd, 'talk.it.srt'), 'utf8')).toContain('moon.-it');
		expect(await readFile(join(context.cwd, 'talk.de.srt'), 'utf8')).toContain('moon.-de');
	});

	it('tells with --json which language a segment is in, and where each of its words was said', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it,de', '--json', '--words')).toBe(0);
		const told = events(context);
		expect(told[0]).toMatchObject({
			type: 'run-started',
			model: 'whisper-base+small+big',
			targets: ['it', 'de'],
		});
		const segments = told.filter(({type}) => type === 'segment-final');
		expect(segments.map(({target}) => target)).toEqual(['it', 'de']);
		expect(segments[0]!['segment']).toMatchObject({text: 'we-it choose-it the-it moon.-it'});
		expect((segments[0]!['segment'] as Segment).words).toHaveLength(4);
	});

	it('tells models of texts how much of a talk they shall read', async () => {
		const context = await createContext();
		const flags = ['--from', 'en', '--to', 'it', '--max-llm-cache-size', '2000', '--context-sentences', '2'];
		expect(await translate(context, 'a.wav', ...flags)).toBe(0);
		expect(context.prompting).toMatchObject([{maxCacheTokens: 2000, contextSentences: 2}]);
		expect(await translate(context, 'a.wav', '--to', 'it', '--context-sentences', '11')).toBe(2);
		expect(context.stderr.text).toContain('--context-sentences must be a whole number from 0 to 10');
	});

	it('keeps in each language to the terms of a glossary that are in it, or in none', async () => {
		const context = await createContext();
		const terms = 'moon.\tluna.\tItalian\nmoon.\tMond.\tde\nwe\tWE\n';
		await writeFile(join(context.cwd, 'terms.tsv'), terms);
		const flags = ['--from', 'en', '--to', 'it,de,fr', '--glossary', 'terms.tsv'];
		expect(await translate(context, 'a.wav', ...flags)).toBe(0);
		expect(context.stdout.lines).toEqual([
			'[it] WE choose-it the-it luna.',
			'[de] WE choose-de the-de Mond.',
			'[fr] WE choose-fr the-fr moon.-fr',
		]);
	});

	it('keeps to a glossary', async () => {
		const context = await createContext();
		await writeFile(join(context.cwd, 'terms.tsv'), '# of this talk\nmoon.\tluna\n');
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it', '--glossary', 'terms.tsv')).toBe(
			0,
		);
		expect(context.stdout.text).toBe('we-it choose-it the-it luna\n');
		await writeFile(join(context.cwd, 'terms.tsv'), 'moon.\tluna\nchoose\n');
		const other = await createContext();
		await writeFile(join(other.cwd, 'terms.tsv'), 'moon.\tluna\nchoose\n');
		expect(await translate(other, 'a.wav', '--from', 'en', '--to', 'it', '--glossary', 'terms.tsv')).toBe(2);
		expect(other.stderr.text).toContain('Line 2 of terms.tsv is no term with its translation');
	});

	it('names a model of texts that is not installed, and how to get it', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'zh')).toBe(3);
		expect(context.stderr.text).toBe(
			'infinisst: The model elsewhere is not installed. Run "infinisst models pull elsewhere" (113.0 MB), or add --download.\n',
		);
	});

	it('names all models that are missing at once', async () => {
		const context = await createContext(TEXTS, createFakeStore({isInstalled: false, texts: TEXTS}));
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'zh')).toBe(3);
		expect(context.stderr.text).toBe(
			'infinisst: The models whisper-base, elsewhere are not installed. Run "infinisst models pull whisper-base elsewhere" (263.0 MB), or add --download.\n',
		);
	});

	it('reads a glossary before it fetches a model', async () => {
		const store = createFakeStore({isInstalled: false, texts: TEXTS});
		const context = await createContext(TEXTS, store);
		const flags = ['--from', 'en', '--to', 'it', '--download', '--glossary', 'none.tsv'];
		expect(await translate(context, 'a.wav', ...flags)).toBe(2);
		expect(context.stderr.text).toContain('The glossary "none.tsv" cannot be read');
		expect(store.pulled).toEqual([]);
	});

	it('says that a glossary changes nothing where no text is translated', async () => {
		const context = await createContext();
		await writeFile(join(context.cwd, 'terms.tsv'), 'moon\tluna\n');
		expect(await translate(context, 'a.wav', '--to', 'en', '--glossary', 'terms.tsv')).toBe(0);
		expect(context.stderr.text).toContain('--glossary changes nothing here: no text is translated.');
	});

	it('says which half a combination of models lacks', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it', '--model', 'small')).toBe(2);
		expect(context.stderr.text).toBe(
			'infinisst: small translates text and hears nothing. Name what hears before it: --model whisper-base+small.\n',
		);
		const other = await createContext();
		const flags = ['--from', 'en', '--to', 'it', '--model', 'whisper-base+whisper-base'];
		expect(await translate(other, 'a.wav', ...flags)).toBe(3);
		expect(other.stderr.text).toContain('"whisper-base" is no model that translates text');
	});

	it('takes the models that are named, joined by a plus', async () => {
		const context = await createContext();
		const flags = ['--from', 'en', '--to', 'it', '--model', 'whisper-base+big'];
		expect(await translate(context, 'a.wav', ...flags)).toBe(0);
		expect(context.opened).toEqual(['big']);
	});

	it('hears a recording once, and says so where that is not enough', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'de', '--to', 'en,fr')).toBe(2);
		expect(context.stderr.text).toContain('en and fr would need the recording to be heard twice');
	});

	it('refuses subtitles of several languages without a file for each', async () => {
		const context = await createContext();
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'it,de', '--format', 'srt')).toBe(2);
		expect(context.stderr.text).toContain('srt of several languages needs a file for each');
	});
});

describe('what cannot be done', () => {
	it('refuses a pair the model cannot do before any work, naming what would do it', async () => {
		const openTranslator = vi.fn();
		const store = createFakeStore({isInstalled: false});
		const context = createFakeContext({cwd: await folderWith('a.wav'), openTranslator, store});
		expect(await translate(context, 'a.wav', '--from', 'en', '--to', 'de', '--download')).toBe(2);
		expect(context.stderr.text).toBe(
			'infinisst: whisper-base cannot translate English into German. For English captions use the target "same"; no model of texts is known that writes German.\n',
		);
		expect(openTranslator).not.toHaveBeenCalled();
		expect(store.pulled).toEqual([]);
	});

	it('names a device that is not there once, however many recordings there are', async () => {
		const context = createFakeContext({
			cwd: await folderWith('a.wav', 'b.wav'),
			openTranslator: () =>
				Promise.reject(
					new InfinisstError('DEVICE_UNAVAILABLE', 'No "cuda" here', {hint: 'Use --device cpu.'}),
				),
		});
		expect(await translate(context, 'a.wav', 'b.wav')).toBe(2);
		expect(context.stderr.text).toBe('infinisst: No "cuda" here. Use --device cpu.\n');
	});

	it.each([
		[['a.wav', '--format', 'sub'], /^infinisst: --format must be one of txt, srt, .*, not "sub"\./],
		[['a.wav', '--format', 'stt'], /Did you mean srt\?|Did you mean vtt\?|Did you mean txt\?/],
		[['a.wav', '--threads', 'many'], /--threads must be a whole number from 1 to 256, not "many"/],
		[['a.wav', '--beam', '0'], /--beam must be a whole number from 1 to 16, not "0"/],
		[['a.wav', '--max-line-width', '3'], /--max-line-width must be a whole number from 10 to 1000, not "3"/],
		[['a.wav', '--rate', '8000'], /--rate describes headerless samples and needs --raw/],
		[['a.wav', '--channels', '2'], /--channels describes headerless samples/],
		[['a.wav', '--json', '--format', 'srt'], /--json and --format both say what to print/],
		[['a.wav', '--from', 'Germn'], /"Germn" is not a language known here. The closest: German \(de\)\./],
		[['a.wav', '--formt', 'srt'], /unknown option '--formt'\. Did you mean --format\?/],
		[['a.wav', '--threads'], /option '--threads <count>' argument missing/],
		[[], /missing required argument 'inputs'/],
	])('refuses %j with one sentence and exit code 2', async (parameters, sentence) => {
		const context = createFakeContext({cwd: await folderWith('a.wav')});
		expect(await translate(context, ...parameters)).toBe(2);
		expect(context.stderr.text).toMatch(sentence);
		expect(context.stderr.lines).toHaveLength(1);
		expect(context.stdout.text).toBe('');
	});

	it('suggests the command that was meant', async () => {
		const context = createFakeContext();
		expect(await main(['tarnslate', 'a.wav'], context)).toBe(2);
		expect(context.stderr.text).toBe("infinisst: unknown command 'tarnslate'. Did you mean translate?\n");
	});

	it('prints its help when it is given nothing to do', async () => {
		const context = createFakeContext();
		expect(await main([], context)).toBe(2);
		expect(context.stderr.text).toContain('Usage: infinisst');
	});

	it('calls a fault of its own one, without a stack trace', async () => {
		const parts = {
			cwd: await folderWith('a.wav'),
			translator: createScriptedTranslator(failing(new TypeError('boom'))),
		};
		const context = createFakeContext(parts);
		expect(await translate(context, 'a.wav')).toBe(1);
		expect(context.stderr.lines).toHaveLength(1);
		expect(context.stderr.text).toContain('a.wav: Unexpected fault: boom. Set INFINISST_DEBUG=1');
	});
});

describe('INFINISST_DEBUG', () => {
	it('adds the stack trace to the failure of a recording', async () => {
		const translator = createScriptedTranslator(failing(new TypeError('boom')));
		const context = createFakeContext({
			cwd: await folderWith('a.wav'),
			translator,
			env: {INFINISST_DEBUG: '1'},
		});
		expect(await translate(context, 'a.wav')).toBe(1);
		expect(context.stderr.text).toMatch(/Unexpected fault: boom\..*\nTypeError: boom\n {4}at /s);
	});

	it('adds it to what ends the run', async () => {
		const context = createFakeContext({env: {INFINISST_DEBUG: '1'}});
		expect(await translate(context, 'a.wav', '--format', 'sub')).toBe(2);
		expect(context.stderr.text).toMatch(/not "sub"\.\nInfinisstError: .*\n {4}at /s);
	});
});

describe('a missing model', () => {
	it('is named with the command that fetches it, exit code 3', async () => {
		const store = createFakeStore({isInstalled: false});
		const context = createFakeContext({cwd: await folderWith('a.wav'), store});
		expect(await translate(context, 'a.wav')).toBe(3);
		expect(context.stderr.text).toBe(
			'infinisst: The model whisper-base is not installed. Run "infinisst models pull whisper-base" (150.0 MB), or add --download.\n',
		);
		expect(store.pulled).toEqual([]);
	});

	it('is fetched with --download', async () => {
		const store = createFakeStore({isInstalled: false});
		const translator = createScriptedTranslator(saying('Fetched.'));
		const context = createFakeContext({cwd: await folderWith('a.wav'), store, translator});
		expect(await translate(context, 'a.wav', '--download')).toBe(0);
		expect(store.pulled).toEqual(['whisper-base']);
	});

	it('is fetched unasked on a terminal, unless --no-download', async () => {
		const cwd = await folderWith('a.wav');
		const run = async (...flags: string[]) => {
			const store = createFakeStore({isInstalled: false});
			const translator = createScriptedTranslator(saying('Fetched.'));
			const context = createFakeContext({cwd, store, translator, env: {TERM: 'dumb'}});
			context.stderr.isTTY = true;
			return [await translate(context, 'a.wav', ...flags), store.pulled.length];
		};

		expect(await run()).toEqual([0, 1]);
		expect(await run('--no-download')).toEqual([3, 0]);
	});

	it('is not asked for when there is nothing to hear', async () => {
		const store = createFakeStore({isInstalled: false});
		const context = createFakeContext({cwd: await temporaryDirectory(), store});
		expect(await translate(context, 'gone.wav')).toBe(2);
		expect(context.stderr.text).toBe(
			'infinisst: There is no file or folder "gone.wav". Check the name and the folder you are in.\n',
		);
	});
});

describe('several recordings', () => {
	it('are printed in order, and a bad one does not stop the others', async () => {
		const cwd = await folderWith('1.wav', '2.wav');
		await writeFile(join(cwd, 'bad.wav'), 'this is no audio');
		const context = createFakeContext({
			cwd,
			translator: createScriptedTranslator(saying('First.'), saying('Second.')),
		});
		expect(await translate(context, '1.wav', 'bad.wav', 'gone.wav', '2.wav', '--quiet')).toBe(2);
		expect(context.stdout.text).toBe('First.\nSecond.\n');
		expect(context.stderr.lines).toEqual([
			expect.stringMatching(/^infinisst: "bad\.wav" is in no audio format we know\. /),
			'infinisst: There is no file or folder "gone.wav". Check the name and the folder you are in.',
		]);
	});

	it('answer with the worst exit code', async () => {
		const context = createFakeContext({
			cwd: await folderWith('1.wav', '2.wav', '3.wav'),
			translator: createScriptedTranslator(
				failing(new InfinisstError('AUDIO_UNDECODABLE', 'noise')),
				failing(new Error('boom')),
				saying('Third.'),
			),
		});
		expect(await translate(context, '1.wav', '2.wav', '3.wav')).toBe(1);
		expect(context.stdout.text).toBe('Third.\n');
	});

	it('leave documents apart on the standard output although one of them broke', async () => {
		const context = createFakeContext({
			cwd: await folderWith('1.wav', '2.wav'),
			translator: createScriptedTranslator(failingLate, saying('Second.')),
		});
		expect(await translate(context, '1.wav', '2.wav', '--format', 'json')).toBe(2);
		const documents = context.stdout.text.split(/(?<=\}\n)(?=\{"file")/);
		expect(documents.map(text => (JSON.parse(text) as {text: string}).text)).toEqual([
			'So far so good.',
			'Second.',
		]);
	});
});

describe('--output', () => {
	it('writes one recording to one file, in the format that its name says', async () => {
		const cwd = await folderWith('a.wav');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(saying('Good morning.'))});
		expect(await translate(context, 'a.wav', '--output', 'new/talk.vtt')).toBe(0);
		expect(await readFile(join(cwd, 'new/talk.vtt'), 'utf8')).toMatch(/^WEBVTT\n\n00:00:00\.000 --> /);
		expect(context.stdout.text).toBe('');
		expect(context.stderr.text).toContain('written to new/talk.vtt');
	});

	it('gives every recording of a folder a file of its own', async () => {
		const cwd = await folderWith('talks/a.wav', 'talks/b.wav', 'talks/deep/a.wav');
		await writeFile(join(cwd, 'talks/a.mp3'), await readFile(join(cwd, 'talks/a.wav')));
		await writeFile(join(cwd, 'talks/notes.md'), '# no recording');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(saying('Yes.'))});
		expect(await translate(context, 'talks', '--output', 'out', '--format', 'srt')).toBe(0);
		expect((await readdir(join(cwd, 'out'), {recursive: true})).sort()).toEqual([
			'a.mp3.srt',
			'a.wav.srt',
			'b.srt',
			'deep',
			'deep/a.srt',
		]);
	});

	it('has nothing under the final name until the text is complete', async () => {
		const cwd = await folderWith('a.wav');
		const seen: string[][] = [];
		const context = createFakeContext({
			cwd,
			translator: createScriptedTranslator(async function* (audio) {
				await audio.samples.cancel();
				yield {type: 'segment-final', segment: makeSegment({text: 'Half.'})};
				seen.push(await readdir(cwd));
			}),
		});
		await translate(context, 'a.wav', '--output', 'a.txt');
		expect(seen[0]).not.toContain('a.txt');
		expect(await readdir(cwd)).toEqual(['a.txt', 'a.wav']);
	});

	it('leaves no file behind for a recording that failed', async () => {
		const cwd = await folderWith('a.wav');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(failingLate)});
		expect(await translate(context, 'a.wav', '--output', 'a.txt')).toBe(2);
		expect(await readdir(cwd)).toEqual(['a.wav']);
	});

	it('keeps the text of an earlier run if this one fails', async () => {
		const cwd = await folderWith('a.wav');
		await writeFile(join(cwd, 'a.txt'), 'earlier');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(failingLate)});
		await translate(context, 'a.wav', '--output', 'a.txt');
		expect(await readFile(join(cwd, 'a.txt'), 'utf8')).toBe('earlier');
	});

	it('says so when it cannot write there', async () => {
		const cwd = await folderWith('a.wav', 'file');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(saying('Yes.'))});
		expect(await translate(context, 'a.wav', '--output', 'file/a.txt')).toBe(1);
		expect(context.stderr.text).toMatch(/^infinisst: a\.wav: Cannot write ".*file\/a\.txt": /);
	});
});

describe('an interruption', () => {
	it('ends the run with 130 and leaves no file behind', async () => {
		const cwd = await folderWith('a.wav', 'b.wav');
		const context: FakeContext = createFakeContext({
			cwd,
			translator: createScriptedTranslator(async function* (audio, {signal}) {
				await audio.samples.cancel();
				yield {type: 'segment-final', segment: makeSegment({text: 'Half.'})};
				context.stop(RunStop.interrupted());
				signal?.throwIfAborted();
			}),
		});
		expect(await translate(context, 'a.wav', 'b.wav', '--output', 'out')).toBe(130);
		expect(await readdir(join(cwd, 'out'))).toEqual([]);
		expect(context.stderr.text).toBe('');
	});

	it('takes nothing that happens after it for damage', async () => {
		const cwd = await folderWith('a.wav');
		const context: FakeContext = createFakeContext({
			cwd,
			translator: createScriptedTranslator(async function* (audio, {signal}) {
				await audio.samples.cancel();
				context.stop(RunStop.interrupted());
				yield {type: 'warning-raised', message: 'The recording is cut short.'};
				signal?.throwIfAborted();
			}),
		});
		expect(await translate(context, 'a.wav')).toBe(130);
		expect(context.stderr.text).toBe('');
	});

	it('ends the run quietly when the reader of the results has gone', async () => {
		const context: FakeContext = createFakeContext({
			cwd: await folderWith('a.wav'),
			translator: createScriptedTranslator(async function* (audio, {signal}) {
				await audio.samples.cancel();
				context.stop(RunStop.readerGone());
				signal?.throwIfAborted();
				yield {type: 'segment-final', segment: makeSegment({text: 'Unread.'})};
			}),
		});
		expect(await translate(context, 'a.wav')).toBe(0);
		expect(context.stderr.text).toBe('');
	});
});

describe('--json', () => {
	it('prints one event a line, from the start of the run to its end', async () => {
		const cwd = await folderWith('a.wav');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(saying('Good morning.'))});
		expect(await translate(context, 'a.wav', 'gone.wav', '--json')).toBe(2);
		expect(events(context)).toEqual([
			{
				type: 'run-started',
				formatVersion: 1,
				model: 'whisper-base',
				precision: 'int8',
				sourceLanguage: 'auto',
				targetLanguage: 'en',
				targets: ['en'],
				task: 'translate',
				files: ['a.wav', 'gone.wav'],
			},
			{
				type: 'file-started',
				file: 'a.wav',
				description: expect.stringContaining('WAV') as string,
				durationMs: 100,
			},
			{type: 'language-detected', file: 'a.wav', language: 'de', probability: 0.9},
			{
				type: 'segment-final',
				file: 'a.wav',
				segment: makeSegment({text: 'Good morning.', endMs: 2000, sourceLanguage: 'de'}),
			},
			{type: 'progress', file: 'a.wav', processedMs: 2000, durationMs: 2000},
			{type: 'file-ended', file: 'a.wav', audioMs: 2000, elapsedMs: 0, segments: 1},
			{
				type: 'file-failed',
				file: 'gone.wav',
				code: 'INPUT_UNREADABLE',
				message: 'There is no file or folder "gone.wav". Check the name and the folder you are in.',
			},
			{type: 'run-ended', succeeded: 1, failed: 1, exitCode: 2},
		]);
	});

	it('reports warnings of the decoder and of the translator as events too', async () => {
		const cwd = await folderWith('a.wav');
		const bytes = await readFile(join(cwd, 'a.wav'));
		await writeFile(join(cwd, 'cut.wav'), bytes.subarray(0, bytes.length / 2));
		const context = createFakeContext({
			cwd,
			translator: createScriptedTranslator(async function* (audio) {
				for await (const block of audio.samples) expect(block.length).toBeGreaterThan(0);
				yield {type: 'warning-raised', message: 'A loop was cut.'};
			}),
		});
		await translate(context, 'cut.wav', '--json', '--quiet');
		const warnings = events(context).filter(event => event['type'] === 'warning-raised');
		expect(warnings).toEqual([
			{
				type: 'warning-raised',
				file: 'cut.wav',
				message: expect.stringMatching(/^"cut\.wav" is cut short/) as string,
			},
			{type: 'warning-raised', file: 'cut.wav', message: 'A loop was cut.'},
		]);
		expect(context.stderr.lines).toEqual([
			expect.stringMatching(/^"cut\.wav" is cut short/),
			'cut.wav: A loop was cut.',
		]);
	});

	it('prints events while --output takes the text', async () => {
		const cwd = await folderWith('a.wav');
		const context = createFakeContext({cwd, translator: createScriptedTranslator(saying('Yes.'))});
		await translate(context, 'a.wav', '--json', '--output', 'a.txt');
		expect(await readFile(join(cwd, 'a.txt'), 'utf8')).toBe('Yes.\n');
		expect(events(context).find(event => event['type'] === 'file-ended')).toMatchObject({
			output: join(cwd, 'a.txt'),
		});
	});

	it.each([
		[['--words'], true],
		[[], false],
	])('holds the words of a segment only if they were asked for: %j', async (flags, isThere) => {
		const words = makeWords([' Good', ' morning.'], 0, 500);
		const cwd = await folderWith('a.wav');
		const context = createFakeContext({
			cwd,
			translator: createScriptedTranslator(async function* (audio) {
				await audio.samples.cancel();
				yield {type: 'segment-final', segment: makeSegment({text: 'Good morning.', words})};
			}),
		});
		await translate(context, 'a.wav', '--json', '--output', 'a.srt', ...flags);
		const [, , event] = events(context) as {segment: {words?: unknown}}[];
		expect(event?.segment.words).toEqual(isThere ? words : undefined);
	});
});

describe('progress', () => {
	const slow = (context: () => FakeContext): TranslationScript =>
		async function* (audio) {
			await audio.samples.cancel();
			for (let second = 1; second <= 30; second++) {
				context().clock.advance(1000);
				yield {type: 'progress', processedMs: second * 10_000, durationMs: 600_000};
			}
		};

	it('is a line now and then where nothing can be redrawn', async () => {
		const context: FakeContext = createFakeContext({
			cwd: await folderWith('a.wav'),
			translator: createScriptedTranslator(slow(() => context)),
		});
		await translate(context, 'a.wav');
		const line = /^a\.wav: \d+ %, \d:\d\d of 10:00, [\d.]+x real time, \d:\d\d left$/;
		expect(context.stderr.lines).toEqual([
			...Array.from({length: 3}, () => expect.stringMatching(line) as string),
			'a.wav: 5:00 of audio in 30.0 s, 10x real time',
		]);
	});

	it('is not printed with --quiet', async () => {
		const context: FakeContext = createFakeContext({
			cwd: await folderWith('a.wav'),
			translator: createScriptedTranslator(slow(() => context)),
		});
		await translate(context, 'a.wav', '--quiet');
		expect(context.stderr.text).toBe('');
	});
});
