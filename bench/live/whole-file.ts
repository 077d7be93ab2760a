import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {DEFAULT_PRECISION, type Precision} from '../../src/core/models/precision.js';
import type {DevClip} from '../kit/dev-set.js';
import {writeResults} from '../kit/results-file.js';
import {PEER_HOME} from '../peers/peer-home.js';
import type {LiveTask} from './live-stream.js';
import type {SpokenWord} from './word-lag.js';

const PROGRAM = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));

/** What our file translator writes for a whole recording: what a live text is held against. */
export interface WholeFileText {
	/** Words join to the text. */
	readonly words: readonly SpokenWord[];
}

export interface WholeFileTexts {
	/** Captions at the precision that live sessions run at. */
	readonly captions: ReadonlyMap<string, WholeFileText>;
	/** English, likewise. */
	readonly translations: ReadonlyMap<string, WholeFileText>;
	/** Captions in float32: their times are the times of the words. */
	readonly timed: ReadonlyMap<string, WholeFileText>;
}

/** The text of some words. */
export function joinWords(words: readonly SpokenWord[]): string {
	return words
		.map(({text}) => text)
		.join('')
		.trim();
}

/**
 * The whole-file texts of the clips, by file name. They are kept beside the peers, because they take minutes, and
 * made again when asked for.
 */
export async function readWholeFileTexts(
	clips: readonly DevClip[],
	precision: Precision = DEFAULT_PRECISION,
	isRefreshing = false,
): Promise<WholeFileTexts> {
	const foreign = clips.filter(({language}) => language !== 'en');
	return {
		captions: await read(clips, 'transcribe', precision, isRefreshing),
		translations: await read(foreign, 'translate', precision, isRefreshing),
		timed: await read(clips, 'transcribe', 'fp32', isRefreshing && precision !== 'fp32'),
	};
}

async function read(
	clips: readonly DevClip[],
	task: LiveTask,
	precision: Precision,
	isRefreshing: boolean,
): Promise<Map<string, WholeFileText>> {
	const path = join(PEER_HOME.wholeFiles, `${task}-${precision}.json`);
	const kept = new Map<string, WholeFileText>(
		existsSync(path)
			? Object.entries(JSON.parse(await readFile(path, 'utf8')) as Record<string, WholeFileText>)
			: [],
	);
	const missing = isRefreshing ? clips : clips.filter(({file}) => !kept.has(file));
	if (missing.length > 0) {
		console.error(`whole files: ${task}, ${precision}, ${missing.length} clips`);
		for (const [file, text] of await translate(missing, task, precision)) kept.set(file, text);
		await writeResults(path, Object.fromEntries(kept));
	}
	return kept;
}

async function translate(
	clips: readonly DevClip[],
	task: LiveTask,
	precision: Precision,
): Promise<Map<string, WholeFileText>> {
	const words = new Map<string, SpokenWord[]>(clips.map(({file}) => [file, []]));
	for (const language of new Set(clips.map(clip => clip.language))) {
		const paths = clips.filter(clip => clip.language === language).map(({path}) => path);
		// The built program, as a user has it.
		const args = ['translate', '--json', '--quiet', '--download', '--words', '--precision', precision];
		const direction = ['--from', language, '--to', task === 'translate' ? 'en' : 'same'];
		const {stdout} = await execa(process.execPath, [PROGRAM, ...args, ...direction, ...paths], {lines: true});
		for (const line of stdout) {
			const event = JSON.parse(line) as {
				readonly type: string;
				readonly file: string;
				readonly segment: {readonly words: readonly SpokenWord[]};
			};
			if (event.type !== 'segment-final') continue;
			for (const [index, {text, startMs, endMs}] of event.segment.words.entries()) {
				const spaced = index === 0 ? ` ${text.trimStart()}` : text;
				words.get(basename(event.file))!.push({text: spaced, startMs, endMs});
			}
		}
	}
	return new Map([...words].map(([file, spoken]) => [file, {words: spoken}]));
}
