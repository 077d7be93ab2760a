import {open, stat} from 'node:fs/promises';
import {basename, extname, join, relative, resolve} from 'node:path';

import {glob, isDynamicPattern} from 'tinyglobby';

import {SNIFF_BYTES, id3TagBytes, identifyContainer} from '../../../core/audio/container.js';
import {InfinisstError} from '../../../core/errors.js';

/** One thing to translate, or the reason why it cannot be. */
export interface Recording {
	/** As the user would name it: the path as given, a path below the folder given, or `-`. */
	readonly name: string;
	/** Absolute; undefined for the standard input. */
	readonly path: string | undefined;
	/** Name of its output without an extension of ours; has folders in it where a whole folder was given. */
	readonly outputName: string;
	/** Set if there is nothing to read. */
	readonly fault?: InfinisstError;
}

export interface FoundRecordings {
	/** In the order given; those of a folder or pattern by name, numbers by value. Each file once. */
	readonly recordings: readonly Recording[];
	/** True if what was given may stand for many recordings, whatever it stands for today. */
	readonly isCollection: boolean;
}

/** Taken from folders although the content says nothing: damaged, or with a header we do not know. */
const mediaExtensions = new Set(
	'aac ac3 aif aifc aiff amr ape au avi caf flac flv m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpeg mpg oga ogg ogm ogv opus ts tta w64 wav webm wma wmv wv'
		.split(' ')
		.map(extension => `.${extension}`),
);

const byName = new Intl.Collator('en', {numeric: true});

/**
 * Finds what the arguments of a command stand for: files, folders (all the way down), glob patterns that no
 * shell expanded, and `-`. What cannot be read is found too, with its fault, so that the rest is not held up.
 */
export async function findRecordings(inputs: readonly string[], cwd: string): Promise<FoundRecordings> {
	const recordings: Recording[] = [];
	let isCollection = inputs.length > 1;
	for (const input of inputs) {
		const kind = await kindOf(input, cwd);
		isCollection ||= kind === 'folder';
		recordings.push(...(await expand(input, kind, cwd)));
	}

	const seen = new Set<string>();
	const distinct = recordings.filter(({name, path}) => {
		const key = path ?? name;
		return !seen.has(key) && seen.add(key);
	});
	return {recordings: distinct, isCollection: isCollection || distinct.length > 1};
}

type InputKind = 'stdin' | 'file' | 'folder' | 'pattern' | 'missing';

async function kindOf(input: string, cwd: string): Promise<InputKind> {
	if (input === '-') return 'stdin';
	try {
		// Before patterns: "talk [1].wav" may be the name of a file.
		return (await stat(resolve(cwd, input))).isDirectory() ? 'folder' : 'file';
	} catch {
		return isDynamicPattern(input) ? 'pattern' : 'missing';
	}
}

async function expand(input: string, kind: InputKind, cwd: string): Promise<Recording[]> {
	switch (kind) {
		case 'stdin':
			return [{name: '-', path: undefined, outputName: 'stdin'}];
		case 'file':
			return [recordingOf(input, cwd)];
		case 'folder':
			return listFolder(input, cwd);
		case 'pattern':
			return listMatches(input, cwd);
		case 'missing':
			return [
				unreadable(
					input,
					`There is no file or folder "${input}"`,
					'Check the name and the folder you are in.',
				),
			];
	}
}

function recordingOf(name: string, cwd: string): Recording {
	return {name, path: resolve(cwd, name), outputName: withoutExtension(basename(name))};
}

async function listMatches(pattern: string, cwd: string): Promise<Recording[]> {
	const matches = await glob(pattern, {
		cwd,
		onlyFiles: true,
		followSymbolicLinks: true,
		expandDirectories: false,
	});
	if (matches.length === 0) {
		return [
			unreadable(pattern, `No file matches "${pattern}"`, 'Check the pattern and the folder you are in.'),
		];
	}

	return matches.sort(byName.compare).map(match => recordingOf(match, cwd));
}

async function listFolder(folder: string, cwd: string): Promise<Recording[]> {
	const root = resolve(cwd, folder);
	// Links to folders are not followed: they may lead round in circles.
	const paths = await glob('**/*', {cwd: root, onlyFiles: true, absolute: true, followSymbolicLinks: false});
	const recordings: Recording[] = [];
	for (const path of paths.sort(byName.compare)) {
		if (!(await isMedia(path))) continue;
		const below = relative(root, path);
		recordings.push({name: join(folder, below), path: resolve(path), outputName: withoutExtension(below)});
	}

	if (recordings.length > 0) return recordings;
	return [
		unreadable(folder, `The folder "${folder}" holds no recording`, 'Name a folder of audio or video files.'),
	];
}

async function isMedia(path: string): Promise<boolean> {
	if (mediaExtensions.has(extname(path).toLowerCase())) return true;
	try {
		const head = await readHead(path);
		return id3TagBytes(head) > 0 || identifyContainer(head) !== undefined;
	} catch {
		// It has no name of a recording and cannot be read: none of ours.
		return false;
	}
}

async function readHead(path: string): Promise<Uint8Array> {
	await using file = await open(path);
	const head = new Uint8Array(SNIFF_BYTES);
	const {bytesRead} = await file.read(head, 0, SNIFF_BYTES, 0);
	return head.subarray(0, bytesRead);
}

function unreadable(name: string, message: string, hint: string): Recording {
	return {
		name,
		path: undefined,
		outputName: name,
		fault: new InfinisstError('INPUT_UNREADABLE', message, {hint}),
	};
}

function withoutExtension(name: string): string {
	return name.slice(0, name.length - extname(name).length);
}
