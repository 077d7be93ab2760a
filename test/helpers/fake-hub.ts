import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** A request as it arrived, at the hub or at its content network. */
export interface SeenRequest {
	readonly host: 'hub' | 'cdn';
	readonly path: string;
	readonly authorization: string | undefined;
	readonly range: string | undefined;
	readonly ifRange: string | undefined;
	/** Bytes of the file that were sent in answer; counted when the answer ends. */
	sentBytes: number;
}

/** What goes wrong with one answer. Each is used up by the first request it fits. */
export type Mishap =
	/** The connection is destroyed after this many bytes of the body. */
	| {readonly kind: 'cut'; readonly afterBytes: number}
	/** Nothing more comes after this many bytes, and the connection stays open. */
	| {readonly kind: 'stall'; readonly afterBytes: number}
	/** One byte of the body is another. */
	| {readonly kind: 'wrong-byte'; readonly at: number}
	| {readonly kind: 'status'; readonly status: number; readonly retryAfter?: string}
	/** The whole file comes although a range was asked for. */
	| {readonly kind: 'ignore-range'}
	/** More bytes than the file has. */
	| {readonly kind: 'too-many'; readonly extraBytes: number}
	/** Sent elsewhere. */
	| {readonly kind: 'redirect'; readonly location: string};

export interface FakeRepository {
	readonly files: Readonly<Record<string, Buffer>>;
	/** Files stored in LFS: redirected to the content network, with a sha256. */
	readonly lfs?: readonly string[];
	/** Only this token may read it. */
	readonly token?: string;
	/** The listing has sizes and hashes. @default true */
	readonly hasDetails?: boolean;
	readonly licence?: string;
}

/** A server on 127.0.0.1 that answers like the Hugging Face hub, and a second one like its content network. */
export interface FakeHub {
	/** For `HF_ENDPOINT`. */
	readonly endpoint: string;
	readonly cdnOrigin: string;
	readonly requests: readonly SeenRequest[];
	/** 40 hexadecimal digits. */
	readonly commit: string;
	/** By `owner/name`; may be changed while it runs. */
	readonly repositories: Map<string, FakeRepository>;
	/** Plans a mishap for the next answer about a file, `'api'` for the listing, at one of the two hosts. */
	plan(host: 'hub' | 'cdn', file: string, mishap: Mishap): void;
	/** Requests for the bytes of a file that reached the host which has them. */
	downloadsOf(file: string): SeenRequest[];
	/** Breaks every connection; new ones are taken. */
	dropConnections(): void;
	close(): Promise<void>;
}

export async function startFakeHub(repositories: Readonly<Record<string, FakeRepository>>): Promise<FakeHub> {
	const hub = new FakeHubServer(new Map(Object.entries(repositories)));
	await hub.listen();
	return hub;
}

export function sha256Of(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}

class FakeHubServer implements FakeHub {
	readonly requests: SeenRequest[] = [];
	readonly commit = '0123456789abcdef0123456789abcdef01234567';
	readonly repositories: Map<string, FakeRepository>;
	readonly #mishaps: {readonly host: 'hub' | 'cdn'; readonly file: string; readonly mishap: Mishap}[] = [];
	endpoint = '';
	cdnOrigin = '';
	readonly #hub: Server;
	readonly #cdn: Server;

	constructor(repositories: Map<string, FakeRepository>) {
		this.repositories = repositories;
		this.#hub = createServer((request, response) => this.#answerHub(request, response));
		this.#cdn = createServer((request, response) => this.#answerCdn(request, response));
	}

	async listen(): Promise<void> {
		await Promise.all(
			[this.#hub, this.#cdn].map(
				server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve())),
			),
		);
		this.endpoint = originOf(this.#hub);
		this.cdnOrigin = originOf(this.#cdn);
	}

	async close(): Promise<void> {
		await Promise.all(
			[this.#hub, this.#cdn].map(
				server =>
					new Promise<void>(resolve => {
						server.close(() => resolve());
						server.closeAllConnections();
					}),
			),
		);
	}

	dropConnections(): void {
		this.#hub.closeAllConnections();
		this.#cdn.closeAllConnections();
	}

	plan(host: 'hub' | 'cdn', file: string, mishap: Mishap): void {
		this.#mishaps.push({host, file, mishap});
	}

	downloadsOf(file: string): SeenRequest[] {
		return this.requests.filter(
			({host, path}) => path.endsWith(`/${file}`) && (host === 'cdn' || !this.#isLfs(path)),
		);
	}

	#isLfs(path: string): boolean {
		const [, owner, name, , , file = ''] = path.split('/');
		return this.repositories.get(`${owner!}/${name!}`)?.lfs?.includes(file) ?? false;
	}

	#takeMishap(host: 'hub' | 'cdn', file: string): Mishap | undefined {
		const index = this.#mishaps.findIndex(planned => planned.host === host && planned.file === file);
		return index === -1 ? undefined : this.#mishaps.splice(index, 1)[0]!.mishap;
	}

	#note(host: 'hub' | 'cdn', path: string, {headers}: IncomingMessage): SeenRequest {
		const seen: SeenRequest = {
			host,
			path,
			authorization: headers.authorization,
			range: headers.range,
			ifRange: headers['if-range'] as string | undefined,
			sentBytes: 0,
		};
		this.requests.push(seen);
		return seen;
	}

	#answerHub(request: IncomingMessage, response: ServerResponse): void {
		const {pathname} = new URL(request.url ?? '/', this.endpoint);
		const seen = this.#note('hub', pathname, request);
		const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(pathname);
		const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
		const name = api?.[1] ?? file?.[1];
		const repository = name === undefined ? undefined : this.repositories.get(name);
		const mishap = this.#takeMishap('hub', api ? 'api' : (file?.[3] ?? ''));
		if (mishap?.kind === 'status') {
			answerStatus(response, mishap);
			return;
		}
		if (mishap?.kind === 'redirect') {
			redirect(response, mishap.location);
			return;
		}
		// The real hub says 401 for what does not exist as well, so as not to tell.
		if (repository === undefined) {
			answerStatus(response, {status: request.headers.authorization ? 404 : 401});
			return;
		}
		if (repository.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`) {
			answerStatus(response, {status: request.headers.authorization ? 403 : 401});
			return;
		}
		const revision = decodeURIComponent((api ?? file)![2]!);
		if (revision !== 'main' && revision !== this.commit) {
			answerStatus(response, {status: 404});
			return;
		}
		if (api) {
			this.#answerListing(response, repository);
			return;
		}

		const path = decodeURIComponent(file![3]!);
		const bytes = repository.files[path];
		if (bytes === undefined) {
			answerStatus(response, {status: 404});
			return;
		}
		response.setHeader('x-repo-commit', this.commit);
		if (repository.lfs?.includes(path)) {
			response.setHeader('x-linked-etag', `"${sha256Of(bytes)}"`);
			response.setHeader('x-linked-size', bytes.length);
			redirect(response, `${this.cdnOrigin}/${name!}/cdn/${this.commit}/${path}?signature=secret`);
			return;
		}
		response.setHeader('etag', `"${gitBlobId(bytes)}"`);
		sendBytes(request, response, bytes, seen, mishap);
	}

	#answerListing(
		response: ServerResponse,
		{files, lfs = [], hasDetails = true, licence}: FakeRepository,
	): void {
		const siblings = Object.entries(files).map(([rfilename, bytes]) =>
			hasDetails
				? {
						rfilename,
						size: bytes.length,
						blobId: lfs.includes(rfilename) ? '1'.repeat(40) : gitBlobId(bytes),
						...(lfs.includes(rfilename) && {
							lfs: {sha256: sha256Of(bytes), size: bytes.length, pointerSize: 134},
						}),
					}
				: {rfilename},
		);
		const cardData = licence === undefined ? undefined : {license: licence};
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify({sha: this.commit, siblings, cardData}));
	}

	#answerCdn(request: IncomingMessage, response: ServerResponse): void {
		const {pathname} = new URL(request.url ?? '/', this.cdnOrigin);
		const seen = this.#note('cdn', pathname, request);
		const [, owner, name, , , file = ''] = pathname.split('/');
		const bytes = this.repositories.get(`${owner!}/${name!}`)?.files[file];
		const mishap = this.#takeMishap('cdn', file);
		if (mishap?.kind === 'status') {
			answerStatus(response, mishap);
			return;
		}
		if (mishap?.kind === 'redirect') {
			redirect(response, mishap.location);
			return;
		}
		if (bytes === undefined) {
			answerStatus(response, {status: 404});
			return;
		}
		response.setHeader('etag', `"cdn-${sha256Of(bytes).slice(0, 16)}"`);
		sendBytes(request, response, bytes, seen, mishap);
	}
}

function originOf(server: Server): string {
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function gitBlobId(bytes: Buffer): string {
	return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function answerStatus(
	response: ServerResponse,
	{status, retryAfter}: {readonly status: number; readonly retryAfter?: string},
): void {
	if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
	response.statusCode = status;
	response.end('no');
}

function redirect(response: ServerResponse, location: string): void {
	response.statusCode = 302;
	response.setHeader('location', location);
	response.end();
}

function sendBytes(
	request: IncomingMessage,
	response: ServerResponse,
	whole: Buffer,
	seen: SeenRequest,
	mishap: Mishap | undefined,
): void {
	const etag = response.getHeader('etag') as string;
	const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
	const ifRange = request.headers['if-range'];
	const isRanged =
		range !== null && (ifRange === undefined || ifRange === etag) && mishap?.kind !== 'ignore-range';
	const start = isRanged ? Number(range[1]) : 0;
	if (start >= whole.length && isRanged) {
		answerStatus(response, {status: 416});
		return;
	}

	let body = Buffer.from(whole.subarray(start));
	if (mishap?.kind === 'wrong-byte') body[mishap.at - start]! ^= 0xff;
	if (mishap?.kind === 'too-many') body = Buffer.concat([body, Buffer.alloc(mishap.extraBytes)]);
	response.statusCode = isRanged ? 206 : 200;
	response.setHeader('accept-ranges', 'bytes');
	response.setHeader('content-length', body.length);
	if (isRanged) response.setHeader('content-range', `bytes ${start}-${whole.length - 1}/${whole.length}`);

	const limit = mishap?.kind === 'cut' || mishap?.kind === 'stall' ? mishap.afterBytes : body.length;
	const sent = body.subarray(0, limit);
	response.write(sent, () => {
		seen.sentBytes += sent.length;
		if (mishap?.kind === 'cut') response.destroy();
		else if (mishap?.kind !== 'stall') response.end();
	});
}
