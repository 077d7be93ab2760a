import {createHash} from 'node:crypto';
import {InfinisstError} from '../../errors.js';
import {describeNetworkFault} from '../download/describe-failure.js';
import {done, failed} from '../download/failure.js';
import type {HttpClient} from '../download/http-client.js';
import {retry, type RetryOptions} from '../download/retry.js';
import {assertSafeRelativePath} from '../store/safe-path.js';

/** A file of a repository as the hub lists it. */
export interface HubFile {
	readonly path: string;
	readonly sizeBytes: number | undefined;
	/** Of files stored in LFS. */
	readonly sha256: string | undefined;
	/** Of the other ones: git's id of the content. */
	readonly gitBlobId: string | undefined;
}

export interface HubListing {
	/** What the revision stands for now; undefined if the hub does not say. */
	readonly commit: string | undefined;
	/** As the model card states it, for example `mit`. */
	readonly licence: string | undefined;
	readonly files: readonly HubFile[];
}

export interface HubListingOptions extends RetryOptions {
	readonly client: HttpClient;
	/** Without a slash at its end. */
	readonly endpoint: string;
	readonly token?: string | undefined;
	readonly repository: string;
	readonly revision: string;
}

/** Far above any listing; more is no listing. */
const MAX_LISTING_BYTES = 32 << 20;

/**
 * Asks the hub for the files of a repository with sizes and hashes: one request, so that all of it is of
 * one commit.
 *
 * @throws {InfinisstError} as `downloadFile` does.
 */
export async function listHubFiles(options: HubListingOptions): Promise<HubListing> {
	const {client, endpoint, token, repository, revision, signal} = options;
	const url = new URL(
		`${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`,
	);
	const text = await retry(
		`list the files of ${repository}`,
		async () => {
			const answer = await client.get({url, token, signal, headers: {accept: 'application/json'}});
			if (!answer.isDone) return answer;
			try {
				return done(await readText(answer.value.blocks, url));
			} catch (error) {
				signal?.throwIfAborted();
				if (InfinisstError.is(error)) throw error;
				return failed(describeNetworkFault(error, url));
			}
		},
		options,
	);
	return parseListing(text, url);
}

async function readText(answer: AsyncIterable<Buffer>, url: URL): Promise<string> {
	const blocks: Buffer[] = [];
	let sizeBytes = 0;
	for await (const block of answer) {
		sizeBytes += block.length;
		if (sizeBytes > MAX_LISTING_BYTES) throw notAHub(url);
		blocks.push(block);
	}
	return Buffer.concat(blocks).toString('utf8');
}

interface RawListing {
	readonly sha?: unknown;
	readonly cardData?: {readonly license?: unknown} | null;
	readonly siblings?: unknown;
}

interface RawFile {
	readonly rfilename?: unknown;
	readonly size?: unknown;
	readonly blobId?: unknown;
	readonly lfs?: {readonly sha256?: unknown; readonly size?: unknown} | null;
}

function parseListing(text: string, url: URL): HubListing {
	let listing: RawListing;
	try {
		listing = (JSON.parse(text) ?? {}) as RawListing;
	} catch {
		// A log-in page of the network, for example.
		throw notAHub(url);
	}
	if (!Array.isArray(listing.siblings)) throw notAHub(url);
	const licence = listing.cardData?.license;
	return {
		commit: isHex(listing.sha, 40) ? listing.sha : undefined,
		licence: typeof licence === 'string' ? licence : undefined,
		files: (listing.siblings as RawFile[]).map(file => parseFile(file, url)),
	};
}

function parseFile({rfilename, size, blobId, lfs}: RawFile, url: URL): HubFile {
	if (typeof rfilename !== 'string') throw notAHub(url);
	assertSafeRelativePath(rfilename, url.host);
	const sizeBytes = lfs?.size ?? size;
	return {
		path: rfilename,
		sizeBytes: Number.isSafeInteger(sizeBytes) ? (sizeBytes as number) : undefined,
		sha256: isHex(lfs?.sha256, 64) ? lfs.sha256 : undefined,
		// The id of an LFS file is that of its pointer.
		gitBlobId: !lfs && isHex(blobId, 40) ? blobId : undefined,
	};
}

function isHex(value: unknown, digits: number): value is string {
	return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
}

function notAHub(url: URL): InfinisstError {
	return new InfinisstError('MODEL_UNAVAILABLE', `${url.host} does not answer like a Hugging Face hub.`, {
		hint: 'Check HF_ENDPOINT, and whether the network wants you to log in first.',
	});
}

/** Safe as a folder name, different for different places. */
export function formatHubKey(endpoint: string, repository: string, revision: string): string {
	const place = createHash('sha256').update(`${endpoint}\0${revision}`).digest('hex').slice(0, 8);
	return `hub-${repository.replace('/', '--')}-${place}`;
}
