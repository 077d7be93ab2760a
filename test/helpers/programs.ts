import {describe} from 'vitest';
import {findProgram} from '../../src/core/audio/find-program.js';
import {skipSuite} from './requirements.js';

const ffmpegPath = await findProgram('ffmpeg', process.env);
const soxPath = await findProgram('sox', process.env);

/** A suite that needs ffmpeg; skipped, with the reason in its title, where that is not installed. */
export function describeWithFfmpeg(title: string, body: (ffmpegPath: string) => void): void {
	describeWith('ffmpeg', ffmpegPath, title, body);
}

/** A suite that needs SoX; skipped, with the reason in its title, where that is not installed. */
export function describeWithSox(title: string, body: (soxPath: string) => void): void {
	describeWith('sox', soxPath, title, body);
}

function describeWith(
	name: string,
	path: string | undefined,
	title: string,
	body: (path: string) => void,
): void {
	if (path === undefined) skipSuite(title, name);
	else describe(title, () => body(path));
}
