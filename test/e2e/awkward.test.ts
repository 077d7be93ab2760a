import {readFileSync} from 'node:fs';
import {beforeAll, expect, it} from 'vitest';
import {wordErrorRate} from '../../src/core/scoring/error-rate.js';
import {ensureDefaultModel} from '../helpers/default-model.js';
import {runProgram} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

/** What a recording must become; fields that are not there are not checked. */
interface Expected {
	/** Said in it. @default what is said in dev/en_jfk */
	readonly said?: string;
	/** Most word errors, as a share of what was said. Without it there must be no text. */
	readonly maxErrorRate?: number;
	/** Within which every text lies. */
	readonly fromMs?: number;
	readonly toMs?: number;
	/** How often a phrase must come, at least and at most. */
	readonly phrase?: {readonly pattern: RegExp; readonly least: number; readonly most: number};
	/** Most words, where what was said is not known well enough. */
	readonly maxWords?: number;
	/** Part of the warning that must come. */
	readonly warning?: string;
	/** Part of the one line that refuses the file. */
	readonly refusal?: string;
}

const KENNEDY =
	'And so my fellow Americans ask not what your country can do for you ask what you can do for your country';
const SPANISH = 'Los luchadores compañeros de Luna también le rindieron homenaje';

/** Of the 22 words one: "asked" for "ask" is what the reference implementation hears in some of them, too. */
const clean: Expected = {maxErrorRate: 1 / 22};
/** Where the recording itself is worse. */
const hard: Expected = {maxErrorRate: 3 / 22};
const empty: Expected = {};

/** What each file of `../shared/audio/awkward` becomes with `--to same`, the language detected. */
const FILES: Readonly<Record<string, Expected>> = {
	'silence_10s.wav': empty,
	'whitenoise_10s.wav': empty,
	'hum_50hz_10s.wav': empty,
	'music_25s.flac': empty,
	'realnoise.flac': empty,
	'speech_in_noise.flac': hard,
	'silence30_jfk_silence30.flac': {...clean, fromMs: 29_900, toMs: 41_100},
	'very_quiet.wav': clean,
	'clipped.wav': hard,
	'rate_8khz.wav': hard,
	'mulaw_8khz.wav': hard,
	'stereo_44k1.wav': clean,
	'stereo_left_only_48k_24bit.wav': clean,
	'float32.wav': clean,
	'u8.wav': hard,
	'jfk.mp3': clean,
	'jfk.ogg': clean,
	'jfk.opus': clean,
	'jfk.m4a': clean,
	'jfk.webm': clean,
	'video_with_audio.mp4': clean,
	'wrong_extension.wav': clean,
	'truncated_half.wav': {
		said: 'And so my fellow Americans ask not what',
		maxErrorRate: 2 / 8,
		toMs: 5500,
		warning: 'is cut short: 5.50 s of the 11.00 s its header promises',
	},
	'truncated_odd.wav': {
		said: 'And so my fellow Americans',
		maxErrorRate: 1 / 5,
		toMs: 1900,
		warning: 'is cut short: 1.87 s of the 11.00 s its header promises',
	},
	'header_len_zero.wav': clean,
	'header_len_ffffffff.wav': clean,
	'extra_chunks.wav': clean,
	'header_only.wav': empty,
	'empty_file.wav': {refusal: 'is empty'},
	'not_audio.wav': {refusal: 'is in no audio format we know'},
	'raw_s16le_16k.pcm': {refusal: '--raw s16le --rate 16000 --channels 1'},
	'truncated.flac': {
		said: 'And so my fellow Americans ask not',
		maxErrorRate: 1 / 7,
		toMs: 5400,
		warning: 'is cut short: 5.33 s of the 11.00 s its header promises',
	},
	'one_word_0.3s.wav': {said: 'and', maxErrorRate: 1},
	'one_sample.wav': empty,
	'name with spaces ünï 名.wav': clean,
	'five_languages.flac': {
		// A word of each.
		phrase: {pattern: /americans|sediment|luchadores|vetta|協會|协会/gi, least: 5, most: 5},
		maxErrorRate: Infinity,
		maxWords: 90,
	},
	'same_sentence_20x.flac': {
		said: Array.from({length: 20}, () => SPANISH).join(' '),
		maxErrorRate: 0.2,
		phrase: {pattern: /luchadores/gi, least: 20, most: 20},
	},
	'two_speakers_at_once.flac': {maxErrorRate: 0.7, maxWords: 40},
	'fast_1.6x.wav': hard,
};

interface Run {
	readonly exitCode: number | null;
	readonly stderr: string;
	readonly events: readonly RunEvent[];
}

interface RunEvent {
	readonly type: string;
	readonly file?: string;
	readonly message?: string;
	readonly exitCode?: number;
	readonly segment?: {readonly text: string; readonly startMs: number; readonly endMs: number};
}

async function translate(files: readonly string[], ...options: readonly string[]): Promise<Run> {
	const {exitCode, stdout, stderr} = await runProgram(
		['translate', ...files, '--json', '--quiet', ...options],
		{
			cwd: sharedPath('audio/awkward'),
		},
	);
	return {
		exitCode,
		stderr,
		events: stdout
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as RunEvent),
	};
}

function segmentsOf({events}: Run, file: string): NonNullable<RunEvent['segment']>[] {
	return events.flatMap(event => (event.file === file && event.segment ? [event.segment] : []));
}

function textOf(run: Run, file: string): string {
	return segmentsOf(run, file)
		.map(({text}) => text)
		.join(' ');
}

/** Runs at the first call. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
	let result: Promise<Result> | undefined;
	return () => (result ??= work());
}

describeWithShared('infinisst translate of the awkward recordings', () => {
	const run = once(() => translate(Object.keys(FILES), '--to', 'same'));

	beforeAll(async () => {
		await ensureDefaultModel();
	});

	it('has an expectation for each of them', () => {
		const manifest = JSON.parse(readFileSync(sharedPath('audio/awkward/manifest.json'), 'utf8')) as {
			file: string;
		}[];
		expect(Object.keys(FILES).sort()).toEqual(manifest.map(({file}) => file).sort());
	});

	it('answers 2 because some of them are no recordings, and does all the others', async () => {
		const {exitCode, events} = await run();
		expect(exitCode).toBe(2);
		expect(events.filter(({type}) => type === 'file-ended')).toHaveLength(36);
		expect(events.at(-1)).toMatchObject({type: 'run-ended', succeeded: 36, failed: 3, exitCode: 2});
	});

	it('complains in one line for each that is damaged or refused, and in no other', async () => {
		const {stderr} = await run();
		const troubled = Object.entries(FILES).filter(
			([, {warning, refusal}]) => warning !== undefined || refusal !== undefined,
		);
		const lines = stderr.trim().split('\n');
		expect(lines).toHaveLength(troubled.length);
		for (const [file, {warning, refusal}] of troubled) {
			const matching = lines.filter(line => line.includes(file) && line.includes((warning ?? refusal)!));
			expect(matching, file).toHaveLength(1);
		}
	});

	it.each(Object.entries(FILES))('does what can be done with %s', async (file, expected) => {
		const result = await run();
		const text = textOf(result, file);
		const failures = result.events.filter(event => event.type === 'file-failed' && event.file === file);
		const warnings = result.events.filter(event => event.type === 'warning-raised' && event.file === file);
		expect(failures).toHaveLength(expected.refusal === undefined ? 0 : 1);
		expect(warnings.map(({message}) => message)).toEqual(
			expected.warning === undefined ? [] : [expect.stringContaining(expected.warning)],
		);
		if (expected.maxErrorRate === undefined) {
			expect(text).toBe('');
			return;
		}

		const {said = KENNEDY, maxErrorRate, phrase, maxWords, fromMs = 0, toMs = Infinity} = expected;
		expect(wordErrorRate(said, text).rate, text).toBeLessThanOrEqual(maxErrorRate);
		if (maxWords !== undefined) expect(text.split(/\s+/).length, text).toBeLessThanOrEqual(maxWords);
		if (phrase !== undefined) {
			const times = [...text.matchAll(phrase.pattern)].length;
			expect(times, text).toBeGreaterThanOrEqual(phrase.least);
			expect(times, text).toBeLessThanOrEqual(phrase.most);
		}
		for (const {startMs, endMs} of segmentsOf(result, file)) {
			expect(startMs).toBeGreaterThanOrEqual(fromMs);
			expect(endMs).toBeLessThanOrEqual(toMs);
			expect(endMs).toBeGreaterThan(startMs);
		}
	});

	it('reads headerless samples when it is told what they are', async () => {
		const file = 'raw_s16le_16k.pcm';
		const raw = ['--raw', 's16le', '--rate', '16000', '--channels', '1'];
		const result = await translate([file], '--to', 'same', ...raw);
		expect({exitCode: result.exitCode, stderr: result.stderr}).toEqual({exitCode: 0, stderr: ''});
		expect(wordErrorRate(KENNEDY, textOf(result, file)).rate).toBeLessThanOrEqual(1 / 22);
	});

	const speechless = Object.keys(FILES).filter(
		file => FILES[file]!.maxErrorRate === undefined && FILES[file]!.refusal === undefined,
	);

	it.each([
		['translated, the language detected', ['--to', 'en']],
		['taken for German and translated', ['--from', 'de', '--to', 'en']],
		['taken for Italian', ['--from', 'it', '--to', 'same']],
		['taken for English, with a beam of 5', ['--from', 'en', '--beam', '5']],
	])('invents no text where nobody speaks, %s', async (_title, options) => {
		const result = await translate(speechless, ...options);
		expect({exitCode: result.exitCode, stderr: result.stderr}).toEqual({exitCode: 0, stderr: ''});
		expect(speechless.map(file => [file, textOf(result, file)])).toEqual(speechless.map(file => [file, '']));
	});

	it.each(['en', 'es'])(
		'neither fails nor repeats itself for ever when five languages are taken for %s',
		async language => {
			const file = 'five_languages.flac';
			const result = await translate([file], '--from', language, '--to', 'same');
			expect(result.exitCode).toBe(0);
			// 34 s of speech: 90 words are more than anybody says.
			const text = textOf(result, file);
			expect(text.length).toBeGreaterThan(0);
			expect(text.length, text).toBeLessThanOrEqual(550);
			expect(text.split(/\s+/).length, text).toBeLessThanOrEqual(90);
		},
	);
});
