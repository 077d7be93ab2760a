import {createHash, type Hash} from 'node:crypto';
import {open, readFile, rename, rm, stat, writeFile, type FileHandle} from 'node:fs/promises';
import {hashFile, updateHashFromFile} from '../store/hash-file.js';
import {describeNetworkFault} from './describe-failure.js';
import {done, failed, type Attempt, type Failure} from './failure.js';
import type {HttpClient, HttpResponse} from './http-client.js';
import {retry, type RetryOptions} from './retry.js';

export interface DownloadOptions extends RetryOptions {
	readonly client: HttpClient;
	readonly url: URL;
	readonly token?: string | undefined;
	/** Final path. While the file is not whole it lies beside it as `<name>.partial`. */
	readonly destination: string;
	/** For messages: the path inside the repository. */
	readonly name: string;
	/** What the file must be; what is not known beforehand is taken from the answer where it says. */
	readonly expected: ExpectedFile;
	/** Called for every block; bytes of an earlier, interrupted run count. */
	readonly onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
}

export interface ExpectedFile {
	readonly sizeBytes?: number | undefined;
	/** 64 hexadecimal digits. */
	readonly sha256?: string | undefined;
	/** Id git gives the content, sha1 over a header and the bytes: 40 hexadecimal digits. */
	readonly gitBlobId?: string | undefined;
}

export interface DownloadedFile {
	readonly sizeBytes: number;
	readonly sha256: string;
}

/** What must still hold for a partial file to be continued. */
interface PartialNote {
	readonly etag?: string | undefined;
	readonly sha256?: string | undefined;
	readonly gitBlobId?: string | undefined;
}

/**
 * Fetches one file: goes on where an earlier call stopped, checks every byte, and gives the file its final
 * name last. A file that already has its final name is checked and kept.
 *
 * @throws {InfinisstError} `DOWNLOAD_FAILED` (retryable) after all retries or if the bytes are wrong;
 * `SOURCE_UNREACHABLE` (retryable) if nobody answers; `MODEL_UNAVAILABLE` if access is refused; `MODEL_UNKNOWN` for 404;
 * faults of the disk as the system throws them. After the `signal` fires: `signal.reason`; the partial file stays.
 */
export async function downloadFile(options: DownloadOptions): Promise<DownloadedFile> {
	const present = await checkPresent(options);
	if (present !== undefined) return present;
	const download = new Download(options);
	try {
		return await retry(`download ${options.name}`, () => download.attempt(), options);
	} finally {
		await download.close();
	}
}

/** A file of an earlier run that has its final name already. */
async function checkPresent({
	destination,
	expected,
	signal,
	onProgress,
}: DownloadOptions): Promise<DownloadedFile | undefined> {
	const {sha256, gitBlobId} = expected;
	// Without a hash nothing says that the file is still the one the server has.
	if (sha256 === undefined && gitBlobId === undefined) return undefined;
	const found = await stat(destination).catch(() => undefined);
	if (found === undefined) return undefined;
	const present = await hashFile(destination, signal);
	if (sha256 !== undefined && present.sha256 !== sha256) return undefined;
	if (gitBlobId !== undefined && (await hashGitBlob(destination, found.size, signal)) !== gitBlobId) {
		return undefined;
	}
	onProgress?.(present.sizeBytes, present.sizeBytes);
	return present;
}

/** The state of one file over all attempts. */
class Download {
	readonly #options: DownloadOptions;
	readonly #partial: string;
	readonly #notePath: string;
	#expected: ExpectedFile;
	#file: FileHandle | undefined;
	#hash: Hash = createHash('sha256');
	#etag: string | undefined;
	#receivedBytes = 0;
	#hasOldBytes = false;
	#wrongBytesSeen = 0;

	constructor(options: DownloadOptions) {
		this.#options = options;
		this.#expected = options.expected;
		this.#partial = `${options.destination}.partial`;
		this.#notePath = `${options.destination}.partial.json`;
	}

	/** Rejects only with faults of the disk and with `signal.reason`. */
	async attempt(): Promise<Attempt<DownloadedFile>> {
		const {client, url, token, signal} = this.#options;
		await this.#openPartial();
		if (this.#receivedBytes > 0 && this.#receivedBytes === this.#expected.sizeBytes) return this.#finish();

		const isResuming = this.#receivedBytes > 0;
		const answer = await client.get({
			url,
			token,
			signal,
			accept: [416],
			headers: isResuming
				? {
						range: `bytes=${this.#receivedBytes}-`,
						...(this.#etag !== undefined && {'if-range': this.#etag}),
					}
				: {},
		});
		if (!answer.isDone) return answer;
		const response = answer.value;

		const failure = await this.#admit(response, isResuming);
		if (failure !== undefined) {
			response.discard();
			return failed(failure);
		}
		return (await this.#receive(response)) ?? this.#finish();
	}

	async close(): Promise<void> {
		await this.#file?.close();
		this.#file = undefined;
	}

	/** Takes over what an earlier run left, once. */
	async #openPartial(): Promise<void> {
		if (this.#file !== undefined) return;
		const note = await readNote(this.#notePath);
		const {sha256, gitBlobId} = this.#expected;
		const isSame =
			note !== undefined &&
			note.sha256 === sha256 &&
			note.gitBlobId === gitBlobId &&
			(note.etag !== undefined || sha256 !== undefined);
		// Append mode: after a truncation the next block goes to the new end.
		this.#file = await open(this.#partial, 'a');
		if (!isSame) {
			await this.#restart();
			return;
		}
		this.#receivedBytes = await updateHashFromFile(this.#partial, this.#hash, this.#options.signal);
		this.#etag = note.etag;
		this.#hasOldBytes = this.#receivedBytes > 0;
	}

	/** Decides what the answer's bytes are: the rest, the whole, or nothing of use. */
	async #admit(response: HttpResponse, isResuming: boolean): Promise<Failure | undefined> {
		const {status, headers, url} = response;
		const encoding = headers['content-encoding'];
		if (encoding !== undefined && encoding !== 'identity') {
			return {
				code: 'DOWNLOAD_FAILED',
				reason: `${url.host} sends the file compressed although asked not to`,
				isRetryable: false,
			};
		}
		if (status === 416) {
			await this.#restart();
			return {
				code: 'DOWNLOAD_FAILED',
				reason: `${url.host} has no bytes after those received`,
				isRetryable: true,
			};
		}
		this.#learn(response);
		if (status === 206) {
			const start = /^bytes (\d+)-/.exec(String(headers['content-range']))?.[1];
			if (isResuming && Number(start) === this.#receivedBytes) return undefined;
			await this.#restart();
			return {
				code: 'DOWNLOAD_FAILED',
				reason: `${url.host} sent another range than asked for`,
				isRetryable: true,
			};
		}
		if (isResuming) await this.#restart();
		this.#etag = strongEtag(headers['etag']);
		const note: PartialNote = {
			etag: this.#etag,
			sha256: this.#options.expected.sha256,
			gitBlobId: this.#options.expected.gitBlobId,
		};
		await writeFile(this.#notePath, JSON.stringify(note));
		return undefined;
	}

	/** Size and hash from the answer, as far as they were not known. */
	#learn({status, headers, firstHeaders}: HttpResponse): void {
		// The hub describes a file by a tag of its first answer: a sha256 if stored in LFS, else git's id.
		// Of other servers a tag says nothing.
		const isHub = firstHeaders['x-repo-commit'] !== undefined;
		const id = unquote(firstHeaders['x-linked-etag'] ?? (isHub ? firstHeaders['etag'] : undefined));
		const length = Number(headers['content-length']);
		const total = status === 206 ? Number(/\/(\d+)$/.exec(String(headers['content-range']))?.[1]) : length;
		const known = this.#expected;
		const hasHash = known.sha256 !== undefined || known.gitBlobId !== undefined;
		this.#expected = {
			...known,
			sizeBytes: known.sizeBytes ?? (Number.isSafeInteger(total) ? total : undefined),
			...(!hasHash && /^[0-9a-f]{64}$/.test(id) && {sha256: id}),
			...(!hasHash && /^[0-9a-f]{40}$/.test(id) && {gitBlobId: id}),
		};
	}

	async #receive({blocks, url}: HttpResponse): Promise<ReturnType<typeof failed> | undefined> {
		const {signal, onProgress} = this.#options;
		const {sizeBytes} = this.#expected;
		const before = this.#receivedBytes;
		onProgress?.(before, sizeBytes);
		try {
			for (;;) {
				let next;
				try {
					next = await blocks.next();
				} catch (error) {
					signal?.throwIfAborted();
					return failed({
						...describeNetworkFault(error, url),
						hasProgressed: this.#receivedBytes > before,
					});
				}
				if (next.done) break;
				signal?.throwIfAborted();
				const block = next.value;
				if (sizeBytes !== undefined && this.#receivedBytes + block.length > sizeBytes) {
					return await this.#rejectBytes(`${url.host} sends more than the ${sizeBytes} bytes of the file`);
				}
				await this.#file!.appendFile(block);
				this.#hash.update(block);
				this.#receivedBytes += block.length;
				onProgress?.(this.#receivedBytes, sizeBytes);
			}
		} finally {
			await blocks.return();
		}
		if (sizeBytes === undefined || this.#receivedBytes === sizeBytes) return undefined;
		return failed({
			code: 'DOWNLOAD_FAILED',
			reason: `${url.host} ended after ${this.#receivedBytes} of ${sizeBytes} bytes`,
			isRetryable: true,
			hasProgressed: this.#receivedBytes > before,
		});
	}

	/** All bytes are there: checks them and gives the file its name. */
	async #finish(): Promise<Attempt<DownloadedFile>> {
		const {destination, signal} = this.#options;
		const {sha256: expectedSha256, gitBlobId} = this.#expected;
		const sha256 = this.#hash.copy().digest('hex');
		if (expectedSha256 !== undefined && sha256 !== expectedSha256) {
			return this.#rejectBytes(`the bytes received have the sha256 ${sha256}, not ${expectedSha256}`);
		}
		if (gitBlobId !== undefined) {
			const found = await hashGitBlob(this.#partial, this.#receivedBytes, signal);
			if (found !== gitBlobId) {
				return this.#rejectBytes(`the bytes received have the git id ${found}, not ${gitBlobId}`);
			}
		}
		await this.#file!.sync();
		await this.close();
		await rename(this.#partial, destination);
		await rm(this.#notePath, {force: true});
		return done({sizeBytes: this.#receivedBytes, sha256});
	}

	/** Nothing of a wrong file is kept. Old bytes may be to blame, so it is fetched whole once more. */
	async #rejectBytes(reason: string): Promise<ReturnType<typeof failed>> {
		const hadOldBytes = this.#hasOldBytes;
		await this.#restart();
		this.#wrongBytesSeen++;
		return failed({
			code: 'DOWNLOAD_FAILED',
			reason,
			hint: 'The server or something in between changes the file; try another network or HF_ENDPOINT.',
			isRetryable: hadOldBytes || this.#wrongBytesSeen < 2,
		});
	}

	async #restart(): Promise<void> {
		await rm(this.#notePath, {force: true});
		await this.#file!.truncate(0);
		this.#hash = createHash('sha256');
		this.#etag = undefined;
		this.#receivedBytes = 0;
		this.#hasOldBytes = false;
	}
}

async function readNote(path: string): Promise<PartialNote | undefined> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as PartialNote;
	} catch {
		return undefined;
	}
}

async function hashGitBlob(
	path: string,
	sizeBytes: number,
	signal: AbortSignal | undefined,
): Promise<string> {
	const hash = createHash('sha1').update(`blob ${sizeBytes}\0`);
	await updateHashFromFile(path, hash, signal);
	return hash.digest('hex');
}

/** Weak tags do not promise the same bytes, so no range may be built on them. */
function strongEtag(value: string | string[] | undefined): string | undefined {
	return typeof value === 'string' && value.startsWith('"') ? value : undefined;
}

function unquote(value: string | string[] | undefined): string {
	return typeof value === 'string' ? value.replace(/^W\//, '').replaceAll('"', '') : '';
}
