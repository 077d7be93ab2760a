import {join} from 'node:path';
import {describe} from 'vitest';
import {findProgram} from '../../src/core/audio/find-program.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';

const ffmpegPath = await findProgram('ffmpeg', process.env);
const soxPath = await findProgram('sox', process.env);
const chromiumPath = await findProgram('chromium', process.env);
/** Continuous integration puts it there, as what systems deliver is too old; else the one of the machine. */
const ytDlpPath =
	(await findProgram('yt-dlp', {PATH: join(testHome, 'yt-dlp', 'bin')})) ??
	(await findProgram('yt-dlp', process.env));

/** A suite that needs ffmpeg; skipped, with the reason in its title, where that is not installed. */
export function describeWithFfmpeg(title: string, body: (ffmpegPath: string) => void): void {
	describeWith('ffmpeg', ffmpegPath, title, body);
}

/** A suite that needs SoX; skipped, with the reason in its title, where that is not installed. */
export function describeWithSox(title: string, body: (soxPath: string) => void): void {
	describeWith('sox', soxPath, title, body);
}

/** A suite that needs Debian's Chromium; skipped, with the reason in its title, where that is not installed. */
export function describeWithChromium(title: string, body: (chromiumPath: string) => void): void {
	describeWith('chromium', chromiumPath, title, body);
}

/** A suite that needs yt-dlp and ffmpeg; skipped, with the reason in its title, where one is not installed. */
export function describeWithYtDlp(
	title: string,
	body: (programs: {readonly ytDlpPath: string; readonly ffmpegPath: string}) => void,
): void {
	if (ffmpegPath === undefined) skipSuite(title, 'ffmpeg');
	else describeWith('yt-dlp', ytDlpPath, title, path => body({ytDlpPath: path, ffmpegPath}));
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
