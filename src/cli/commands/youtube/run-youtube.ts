import {createHash} from 'node:crypto';
import {mkdir, rm} from 'node:fs/promises';
import {basename, dirname, extname, join, resolve} from 'node:path';

import {findYtDlp} from '../../../core/video/find-yt-dlp.js';
import {runYtDlp} from '../../../core/video/run-yt-dlp.js';
import {readYtDlpVersion, takesJavascriptEngines} from '../../../core/video/yt-dlp-version.js';
import type {CommandContext} from '../../command-context.js';
import {EXIT_OK} from '../../exit-codes.js';
import {openRunView, type RunView} from '../../render/run-view.js';
import {resolveHomeDirectory} from '../../resolve-home-directory.js';
import {runTranslate} from '../translate/run-translate.js';
import {parseYoutubeOptions, type YoutubeOptions} from './youtube-options.js';

/** MP4 where the site has it, as everything plays that. */
const VIDEO = 'bv*[ext=mp4]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b';
const SOUND = 'ba[ext=m4a]/ba/b';

/** What a video is called that was given no name. Titles may be longer than names of files. */
const NAME_TEMPLATE = '%(title).100B [%(id)s].%(ext)s';

/** Where a recording goes, and what of the video it is. */
interface Destination {
	readonly flags: readonly string[];
	/** Made first. */
	readonly folder: string;
	/** Of no use once it was translated. */
	readonly isTemporary: boolean;
}

/**
 * The work of `infinisst youtube`.
 *
 * @returns the exit code.
 * @throws {InfinisstError} `OPTION_INVALID`, `PROGRAM_MISSING`, `INPUT_UNREADABLE`, and what `runTranslate()` throws.
 * @throws `signal.reason`; what has come so far is kept, and the same command goes on with it.
 */
export async function runYoutube(url: string, flags: unknown, context: CommandContext): Promise<number> {
	const options = parseYoutubeOptions(url, flags);
	const destination = planDestination(options, context);
	const file = await fetchRecording(options, destination, context);
	if (options.translate === undefined) return EXIT_OK;
	const exitCode = await runTranslate([file], options.translate, context);
	if (exitCode === EXIT_OK && destination.isTemporary) {
		await rm(destination.folder, {recursive: true, force: true});
	}
	return exitCode;
}

function planDestination({url, recording, translate}: YoutubeOptions, context: CommandContext): Destination {
	if (recording !== undefined) {
		const path = resolve(context.cwd, recording.path);
		const extension = extname(path);
		const kind = extension.slice(1).toLowerCase();
		return {
			folder: dirname(path),
			isTemporary: false,
			flags: [
				...(recording.kind === 'video'
					? ['--format', VIDEO, '--merge-output-format', kind, '--remux-video', kind]
					: ['--format', SOUND, '--extract-audio', '--audio-format', kind]),
				...['--output', `${basename(path, extension).replaceAll('%', '%%')}.%(ext)s`],
			],
		};
	}

	if (translate === undefined) {
		return {
			folder: context.cwd,
			isTemporary: false,
			flags: [
				'--format',
				VIDEO,
				'--merge-output-format',
				'mp4',
				'--remux-video',
				'mp4',
				'--output',
				NAME_TEMPLATE,
			],
		};
	}

	// The same for the same address: a download that was interrupted goes on.
	const name = createHash('sha256').update(url.href).digest('hex').slice(0, 16);
	return {
		folder: join(resolveHomeDirectory(context), 'downloads', name),
		isTemporary: true,
		flags: ['--format', SOUND, '--output', NAME_TEMPLATE],
	};
}

async function fetchRecording(
	options: YoutubeOptions,
	{flags, folder}: Destination,
	context: CommandContext,
): Promise<string> {
	const {url, translate, json} = options;
	const {env, signal} = context;
	const path = await findYtDlp(env);
	const version = await readYtDlpVersion(path, signal);
	await mkdir(folder, {recursive: true});
	const view = await openRunView(context, options);
	try {
		const emit = createEmit(view, json);
		const file = await runYtDlp({
			path,
			url: url.href,
			flags: [
				...['--continue', '--paths', folder],
				// The site's riddles are solved by the Node that runs us, where nothing better is installed.
				...(takesJavascriptEngines(version) ? ['--js-runtimes', `node:${process.execPath}`] : []),
				...flags,
			],
			environment: env,
			onProgress({receivedBytes, totalBytes}) {
				view.update({kind: 'download', name: url.hostname, receivedBytes, totalBytes});
				emit({type: 'download-progressed', receivedBytes, totalBytes: totalBytes ?? null});
			},
			signal,
		});
		emit({type: 'download-ended', file});
		if (translate === undefined && !json) await view.printResult(`${file}\n`);
		else if (!json) view.printSummary(`${url.hostname}: fetched ${basename(file)}`);
		return file;
	} finally {
		await view.close();
	}
}

function createEmit(view: RunView, isWanted: boolean): (event: object) => void {
	let last = Promise.resolve();
	return event => {
		// Who reads no more stops the run by its signal.
		if (isWanted)
			last = last.then(() => view.printResult(`${JSON.stringify(event)}\n`)).catch(() => undefined);
	};
}
