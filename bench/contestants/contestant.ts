import {basename} from 'node:path';
import type {DevClip} from '../kit/dev-set.js';
import type {Command, MeasuredProcess} from '../kit/measured-process.js';
import type {TextsByFile} from '../kit/score-texts.js';

export type Task = 'transcribe' | 'translate';

/** What a line of a contestant's output means. */
export type ContestantEvent =
	| {readonly type: 'model-loaded'}
	/** Text that a reader sees now and that a later `text` says again. */
	| {readonly type: 'partial-text'}
	/** A piece of the clip's text; pieces join as they are. */
	| {readonly type: 'text'; readonly file: string; readonly text: string};

/** A program that writes down recordings, all of them in one process. */
export interface Contestant {
	/** For the command line, for example `faster-whisper`. */
	readonly name: string;
	/** Version and settings, one line under the table. */
	readonly description: string;
	command(clips: readonly DevClip[], task: Task): Command;
	/** @returns undefined for a line that says nothing of interest. */
	readLine(line: string): ContestantEvent | undefined;
}

export interface ContestantRun {
	/** By the clip's file name. */
	readonly texts: TextsByFile;
	/** Since the start of the process; undefined when the program does not tell. */
	readonly loadedAtMs: number | undefined;
	readonly firstTextAtMs: number | undefined;
}

/** What a contestant wrote and when. */
export function readRun(contestant: Contestant, {lines}: MeasuredProcess): ContestantRun {
	const texts = new Map<string, string>();
	let loadedAtMs: number | undefined;
	let firstTextAtMs: number | undefined;
	for (const {text: line, atMs} of lines) {
		const event = contestant.readLine(line);
		if (event === undefined) continue;
		if (event.type === 'model-loaded') loadedAtMs ??= atMs;
		else firstTextAtMs ??= atMs;
		if (event.type === 'text') {
			const file = basename(event.file);
			texts.set(file, (texts.get(file) ?? '') + event.text);
		}
	}
	return {texts, loadedAtMs, firstTextAtMs};
}
