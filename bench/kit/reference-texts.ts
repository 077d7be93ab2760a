import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {readRun, type Task} from '../contestants/contestant.js';
import {createFasterWhisper} from '../contestants/faster-whisper.js';
import {PEER_HOME} from '../peers/peer-home.js';
import {readDevSet, sharedPath} from './dev-set.js';
import {measureProcess} from './measured-process.js';
import {writeResults} from './results-file.js';
import type {TextsByFile} from './score-texts.js';

interface GoldenClip {
	readonly file: string;
	readonly transcribe: {readonly text: string};
	readonly translate?: {readonly text: string};
}

/** Longest clip with golden texts: what fits the model's window with a little room. */
export const LONGEST_GOLDEN_SECONDS = 29.5;

/**
 * What the reference implementations write for the clips: for those of up to 29.5 s transformers (the golden texts
 * in ../shared/models/golden, float32, greedy, no timestamps), for longer ones faster-whisper in float32,
 * sequential, greedy, which must be installed. Its texts are kept beside it, because it takes a minute.
 */
export async function readReferenceTexts(task: Task): Promise<TextsByFile> {
	const kept = join(PEER_HOME.references, `${task}.json`);
	const long = existsSync(kept) ? await readTexts(kept) : await makeLongTexts(task, kept);
	return new Map([...long, ...(await readGoldenTexts(task))]);
}

async function readGoldenTexts(task: Task): Promise<[string, string][]> {
	const {clips} = JSON.parse(await readFile(sharedPath('models/golden/tokens.json'), 'utf8')) as {
		clips: GoldenClip[];
	};
	return clips.flatMap(clip => {
		const text = clip[task]?.text;
		return text === undefined ? [] : [[clip.file, text] as [string, string]];
	});
}

async function makeLongTexts(task: Task, path: string): Promise<Map<string, string>> {
	const clips = (await readDevSet()).filter(
		({seconds, language}) => seconds > LONGEST_GOLDEN_SECONDS && (task === 'transcribe' || language !== 'en'),
	);
	console.error(`reference: faster-whisper float32, ${task}, ${clips.length} clips`);
	const reference = createFasterWhisper({batched: false, computeType: 'float32', threads: 2});
	const {texts} = readRun(reference, await measureProcess(reference.command(clips, task)));
	await writeResults(path, Object.fromEntries(texts));
	return new Map(texts);
}

async function readTexts(path: string): Promise<Map<string, string>> {
	return new Map(Object.entries(JSON.parse(await readFile(path, 'utf8')) as Record<string, string>));
}
