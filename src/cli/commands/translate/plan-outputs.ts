import {stat} from 'node:fs/promises';
import {extname, join, resolve} from 'node:path';

import {InfinisstError} from '../../../core/errors.js';
import {SUBTITLE_FORMATS, type SubtitleFormat} from '../../../core/subtitles/subtitle-formatter.js';
import type {FoundRecordings, Recording} from './find-recordings.js';

export interface OutputRequest {
	/** A file or a folder, as given. */
	readonly output: string;
	readonly format: SubtitleFormat;
	readonly cwd: string;
}

/**
 * The file that each recording's text goes to. `output` is a folder if it is one, ends in a slash, or there
 * may be several recordings. No two recordings get the same file, and none gets one of the recordings.
 *
 * @returns absolute paths, in the order of the recordings.
 * @throws {InfinisstError} `OPTION_INVALID` if one file would have to hold several recordings, or would
 * replace the recording itself.
 */
export async function planOutputs(
	{recordings, isCollection}: FoundRecordings,
	{output, format, cwd}: OutputRequest,
): Promise<string[]> {
	const target = resolve(cwd, output);
	const existing = await kindOf(target);
	if (existing === 'folder' || /[\\/]$/.test(output)) return nameOutputs(recordings, target, format);
	if (isCollection) {
		if (existing === 'file' || SUBTITLE_FORMATS.some(known => output.toLowerCase().endsWith(`.${known}`))) {
			throw new InfinisstError(
				'OPTION_INVALID',
				`"${output}" is one file, but there are several recordings`,
				{
					hint: 'Name a folder with --output; each recording gets a file in it.',
				},
			);
		}

		return nameOutputs(recordings, target, format);
	}

	if (recordings.some(({path}) => path === target)) {
		throw new InfinisstError('OPTION_INVALID', `--output would replace the recording "${output}"`, {
			hint: 'Name another file.',
		});
	}

	return [target];
}

/** Of several targets each has a file of its own: `talk.vtt` becomes `talk.same.vtt` and `talk.en.vtt`. */
export function nameForTarget<Path extends string | undefined>(
	path: Path,
	target: string,
	targets: readonly string[],
): Path | string {
	if (path === undefined || targets.length === 1) return path;
	const extension = extname(path);
	return `${path.slice(0, path.length - extension.length)}.${target}${extension}`;
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'missing'> {
	try {
		return (await stat(path)).isDirectory() ? 'folder' : 'file';
	} catch {
		return 'missing';
	}
}

/** `talk.srt`; `talk.mp3.srt` and `talk.wav.srt` where both would be that; numbered where even those are alike. */
function nameOutputs(recordings: readonly Recording[], folder: string, format: SubtitleFormat): string[] {
	const shortNames = recordings.map(({outputName}) => fold(outputName));
	const taken = new Set(recordings.map(({path}) => path));
	const used = new Set<string>();
	return recordings.map(({outputName, path}, index) => {
		const isShared = shortNames.filter(name => name === shortNames[index]).length > 1;
		const stem = isShared ? `${outputName}${extname(path ?? '')}` : outputName;
		for (let copy = 1; ; copy++) {
			const file = join(folder, `${stem}${copy === 1 ? '' : `-${copy}`}.${format}`);
			if (used.has(fold(file)) || taken.has(file)) continue;
			used.add(fold(file));
			return file;
		}
	});
}

/** Names that differ only in case are one file on some systems. */
function fold(name: string): string {
	return name.normalize('NFC').toLowerCase();
}
