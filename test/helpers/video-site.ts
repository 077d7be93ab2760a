import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {onTestFinished} from 'vitest';

import {temporaryDirectory} from './temporary-directory.js';

export interface VideoSite {
	/** `http://127.0.0.1:<port>` */
	readonly url: string;
	readonly requests: readonly {
		readonly method: string;
		readonly path: string;
		readonly range: string | undefined;
	}[];
	/** Bytes of videos that were sent. */
	readonly sentBytes: number;
}

type Page = (request: IncomingMessage, response: ServerResponse) => void;

export interface VideoSiteOptions {
	/** Path and what it answers; `/clip.mp4` is there anyway. */
	readonly pages?: Readonly<Record<string, Page>>;
	/** Of `/clip.mp4`: bytes after which the connection is cut, for the first requests. */
	readonly cuts?: readonly number[];
	/** Called after so many bytes of `/clip.mp4`, which then stops. */
	readonly stall?: {readonly afterBytes: number; readonly onStall: () => void};
}

/** A site with a video, for the real yt-dlp, whose generic extractor takes any address of a file. */
export async function openVideoSite(video: Buffer, options: VideoSiteOptions = {}): Promise<VideoSite> {
	const requests: {method: string; path: string; range: string | undefined}[] = [];
	const cuts = [...(options.cuts ?? [])];
	let sentBytes = 0;
	const server = createServer((request, response) => {
		const path = request.url ?? '/';
		requests.push({method: request.method ?? '', path, range: request.headers.range});
		const page = options.pages?.[path];
		if (page !== undefined) page(request, response);
		else if (path.startsWith('/clip.mp4')) sendVideo(request, response);
		else response.writeHead(404).end();
	});

	function sendVideo(request: IncomingMessage, response: ServerResponse): void {
		const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
		const start = Number(from ?? 0);
		const end = to ? Math.min(Number(to) + 1, video.length) : video.length;
		const range = {'content-range': `bytes ${start}-${end - 1}/${video.length}`};
		response.writeHead(from === undefined ? 200 : 206, {
			'content-type': 'video/mp4',
			'content-length': end - start,
			'accept-ranges': 'bytes',
			etag: '"clip"',
			...(from !== undefined && range),
		});
		if (request.method === 'HEAD') {
			response.end();
			return;
		}

		// Finding out what is there reads a little from the start; only whole answers are cut.
		const cut = cuts.shift();
		const stop = cut ?? options.stall?.afterBytes;
		if (stop === undefined || stop >= end - start) {
			sentBytes += end - start;
			response.end(video.subarray(start, end));
			return;
		}

		sentBytes += stop;
		response.write(video.subarray(start, start + stop), () => {
			if (cut === undefined) options.stall?.onStall();
			else response.destroy();
		});
	}

	server.listen(0, '127.0.0.1');
	await new Promise(resolve => server.once('listening', resolve));
	onTestFinished(
		() =>
			new Promise<void>(resolve => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	);
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		requests,
		get sentBytes() {
			return sentBytes;
		},
	};
}

/** A picture with the sound of a recording. */
export async function makeVideo(
	ffmpegPath: string,
	recording: string,
	{seconds}: {readonly seconds: number},
): Promise<Buffer> {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
	const path = join(folder, 'clip.mp4');
	await execa(ffmpegPath, [
		...['-loglevel', 'error', '-f', 'lavfi', '-i', `testsrc=size=160x120:rate=10:duration=${seconds}`],
		...[
			'-i',
			recording,
			'-c:v',
			'libx264',
			'-preset',
			'ultrafast',
			'-c:a',
			'aac',
			'-b:a',
			'96k',
			'-t',
			String(seconds),
		],
		...['-movflags', 'faststart', path],
	]);
	const video = await readFile(path);
	await rm(folder, {recursive: true});
	return video;
}

/** The same video as `/clip.mpd` has it: picture and sound in files of their own. */
export async function makeDashPages(
	ffmpegPath: string,
	video: Buffer,
): Promise<Readonly<Record<string, Page>>> {
	const folder = await temporaryDirectory();
	const whole = `${folder}/whole.mp4`;
	await writeFile(whole, video);
	await execa(ffmpegPath, [
		'-loglevel',
		'error',
		'-i',
		whole,
		'-c',
		'copy',
		'-f',
		'dash',
		`${folder}/clip.mpd`,
	]);
	const pages: Record<string, Page> = {};
	for (const name of await readdir(folder)) {
		const bytes = await readFile(`${folder}/${name}`);
		const type = name.endsWith('.mpd') ? 'application/dash+xml' : 'video/mp4';
		pages[`/${name}`] = (_request, response) => {
			response.writeHead(200, {'content-type': type, 'content-length': bytes.length});
			response.end(bytes);
		};
	}
	return pages;
}
