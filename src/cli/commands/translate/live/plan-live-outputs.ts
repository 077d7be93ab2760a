import {resolve} from 'node:path';

import {InfinisstError} from '../../../../core/errors.js';
import type {SubtitleFormat} from '../../../../core/subtitles/subtitle-formatter.js';
import {nameForTarget, planOutputs} from '../plan-outputs.js';
import type {LiveInput} from './live-input.js';

export interface LiveOutputRequest {
	/** `--output`: a file or a folder, as given. */
	readonly output: string | undefined;
	readonly format: SubtitleFormat;
	/** `--subtitles`, as given. */
	readonly subtitles: string | undefined;
	readonly targets: readonly string[];
	readonly cwd: string;
}

/** Absolute paths of the files of one target. */
export interface LiveOutputPaths {
	readonly target: string;
	readonly output: string | undefined;
	readonly subtitles: string | undefined;
}

/**
 * The files that a live session writes. With several targets each has its own: `talk.vtt` becomes `talk.same.vtt`
 * and `talk.en.vtt`.
 *
 * @throws {InfinisstError} `OPTION_INVALID` if one would replace the recording, or two would be one.
 */
export async function planLiveOutputs(
	{name, path, outputName}: LiveInput,
	{output, format, subtitles, targets, cwd}: LiveOutputRequest,
): Promise<LiveOutputPaths[]> {
	const recording = {name, path, outputName};
	const [outputPath] =
		output === undefined
			? []
			: await planOutputs({recordings: [recording], isCollection: false}, {output, format, cwd});
	const subtitlesPath = subtitles === undefined ? undefined : resolve(cwd, subtitles);
	if (subtitlesPath !== undefined && subtitlesPath === outputPath) {
		throw new InfinisstError('OPTION_INVALID', '--output and --subtitles name the same file', {
			hint: 'Leave one of them out, or name another file.',
		});
	}

	if (subtitlesPath !== undefined && subtitlesPath === path) {
		throw new InfinisstError('OPTION_INVALID', '--subtitles would replace the recording', {
			hint: 'Name another file.',
		});
	}

	return targets.map(target => ({
		target,
		output: nameForTarget(outputPath, target, targets),
		subtitles: nameForTarget(subtitlesPath, target, targets),
	}));
}
