import {mkdtemp, open, rm, type FileHandle} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {findYtDlp} from '../../core/video/find-yt-dlp.js';
import {runYtDlp, tooLarge} from '../../core/video/run-yt-dlp.js';
import type {YoutubeSettings} from '../server-settings.js';
import {openFilteringProxy} from './filtering-proxy.js';
import {resolvePublicAddresses, type Lookup} from './public-address.js';

export interface DownloadedVideo {
	readonly file: FileHandle;
	readonly sizeBytes: number;
}

export interface DownloadVideo {
	/** Of {@link parseVideoAddress}. */
	readonly url: URL;
	readonly settings: YoutubeSettings;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly lookup: Lookup;
	readonly signal: AbortSignal;
}

/**
 * MP4 as a browser plays it: as it is, or put together from picture and sound. Only what yt-dlp itself fetches over HTTP: other
 * protocols would be left to programs that know nothing of the proxy.
 */
const FETCHED = "[protocol~='^(https?|http_dash_segments|m3u8_native)$']";
const PICTURE = `bv*[ext=mp4]${FETCHED}`;
const SOUND = `ba[ext=m4a]${FETCHED}`;
const FORMATS = [`${PICTURE}[vcodec^=avc1]+${SOUND}`, `b[ext=mp4]${FETCHED}`, `${PICTURE}+${SOUND}`].join(
	'/',
);

/** What ffmpeg may open when it puts parts together: the files that were fetched, whatever these say. */
const FFMPEG_INPUT = 'ffmpeg_i:-protocol_whitelist file -format_whitelist mov,mpegts,aac';

/**
 * Fetches a video into a file without a name: its folder is gone, whatever happens, when this returns, and its room on the disk
 * when `file` is closed.
 *
 * @throws {InfinisstError} `PROGRAM_MISSING`, `OPTION_INVALID`, `LIMIT_EXCEEDED`, `INPUT_UNREADABLE`; `signal.reason`.
 */
export async function downloadVideo({
	url,
	settings,
	environment,
	lookup,
	signal,
}: DownloadVideo): Promise<DownloadedVideo> {
	const path = await findYtDlp(environment);
	await resolvePublicAddresses(url.hostname, {...settings, lookup});
	const overflow = new AbortController();
	const proxy = await openFilteringProxy({
		...settings,
		lookup,
		onOverflow: error => overflow.abort(error),
	});
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-video-'));
	try {
		const file = await runYtDlp({
			path,
			url: url.href,
			maxBytes: settings.maxBytes,
			flags: [
				...['--proxy', proxy.url, '--downloader', 'native', '--hls-prefer-native', '--no-continue'],
				...['--format', FORMATS, '--merge-output-format', 'mp4', '--ppa', FFMPEG_INPUT],
				...['--paths', folder, '--output', 'video.%(ext)s'],
			],
			environment: environmentOf(environment, proxy.url, folder),
			signal: AbortSignal.any([signal, overflow.signal]),
		}).catch((error: unknown) => {
			// What it says of a request that was refused is less than we know.
			throw InfinisstError.is(error, 'INPUT_UNREADABLE') ? (proxy.refusal ?? error) : error;
		});
		return await openWithin(file, settings.maxBytes);
	} finally {
		await proxy.close();
		await rm(folder, {recursive: true, force: true, maxRetries: 3});
	}
}

async function openWithin(path: string, maxBytes: number): Promise<DownloadedVideo> {
	const file = await open(path);
	try {
		const {size} = await file.stat();
		if (size > maxBytes) throw tooLarge(maxBytes);
		return {file, sizeBytes: size};
	} catch (error) {
		await file.close();
		throw error;
	}
}

/** What the program needs to run, and our proxy for whatever it may start. */
function environmentOf(
	environment: Readonly<Record<string, string | undefined>>,
	proxyUrl: string,
	folder: string,
): Record<string, string | undefined> {
	const kept = [
		'PATH',
		'Path',
		'PATHEXT',
		'HOME',
		'USERPROFILE',
		'LANG',
		'SystemRoot',
		'SSL_CERT_FILE',
		'SSL_CERT_DIR',
	];
	const proxies = ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
	return {
		...Object.fromEntries(kept.map(name => [name, environment[name]])),
		...Object.fromEntries(proxies.map(name => [name, proxyUrl])),
		// Nothing is to be reached without it.
		no_proxy: '',
		NO_PROXY: '',
		TMPDIR: folder,
		TEMP: folder,
		TMP: folder,
	};
}
