import {Readable} from 'node:stream';

import type * as S3Library from '@aws-sdk/client-s3';
import type {S3Client} from '@aws-sdk/client-s3';

import {InfinisstError} from '../../core/errors.js';
import type {StorageTree} from './storage-tree.js';

export interface S3TreeOptions {
	/** "s3://bucket/prefix". */
	readonly address: string;
	/** Of a store other than Amazon's, such as "http://127.0.0.1:9000". */
	readonly endpoint?: string | undefined;
	/** @default AWS_REGION, else what the user's AWS configuration says, else us-east-1 at an own endpoint */
	readonly region?: string | undefined;
	/** Whether the bucket is part of the path instead of the host's name. @default true at an own endpoint */
	readonly isPathStyle?: boolean | undefined;
	/** Read for the AWS_… variables. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly signal: AbortSignal;
}

type Library = typeof S3Library;

/** An object whose connection broke is read on from where it broke, at most so many times in a row. */
const MAX_RESUMES = 5;

/** Folders whose listing is remembered: the walk asks for folders, files and sizes of the same one. */
const MAX_LISTINGS = 64;

interface StoredObject {
	readonly sizeBytes: number;
	readonly modifiedMs: number;
	readonly tag: string | undefined;
}

interface Listing {
	readonly folders: readonly string[];
	readonly files: ReadonlyMap<string, StoredObject>;
}

/** "s3://bucket/some/prefix/" in its parts. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseS3Address(address: string): {readonly bucket: string; readonly prefix: string} {
	const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/*(.*)$/s.exec(address) ?? [];
	if (bucket === undefined) {
		throw new InfinisstError('OPTION_INVALID', `${address} names no bucket`, {
			hint: 'Write s3://bucket or s3://bucket/folder.',
		});
	}

	const folder = prefix.replace(/\/+$/, '');
	return {bucket, prefix: folder === '' ? '' : `${folder}/`};
}

/**
 * A folder of a bucket of an S3-compatible store, read as a stream and never as a whole.
 *
 * @throws {InfinisstError} `PROGRAM_MISSING` without the client library; `OPTION_INVALID`. What is read later
 * throws `ACCESS_DENIED`, `INPUT_UNREADABLE` for a missing bucket, `SOURCE_UNREACHABLE` (retryable).
 */
export async function openS3Tree(
	options: S3TreeOptions,
	load: () => Promise<Library> = () => import('@aws-sdk/client-s3'),
): Promise<StorageTree & {close(): void}> {
	const {bucket, prefix} = parseS3Address(options.address);
	const library = await loadLibrary(load);
	const client = new library.S3Client(describeClient(options));
	const listings = new Map<string, Promise<Listing>>();

	const list = (folder: string): Promise<Listing> => {
		let listing = listings.get(folder);
		if (listing === undefined) {
			listing = listFolder(library, client, bucket, prefix + (folder === '' ? '' : `${folder}/`), options);
			if (listings.size >= MAX_LISTINGS) listings.delete(listings.keys().next().value!);
			listings.set(folder, listing);
		}

		return listing;
	};
	const find = async (path: string): Promise<StoredObject> => {
		const at = path.lastIndexOf('/');
		const {files} = await list(path.slice(0, Math.max(0, at)));
		const found = files.get(path.slice(at + 1));
		if (found === undefined)
			throw new InfinisstError('INPUT_UNREADABLE', `There is no ${path} in ${options.address}`);
		return found;
	};

	async function* readObject(path: string, start: number): AsyncGenerator<Buffer, void, undefined> {
		const {sizeBytes, tag} = await find(path);
		let position = start;
		for (let resumes = 0; position < sizeBytes;) {
			try {
				const command = new library.GetObjectCommand({
					Bucket: bucket,
					Key: prefix + path,
					// Bytes of two versions of an object must not be put together.
					...(tag === undefined ? {} : {IfMatch: tag}),
					...(position === 0 ? {} : {Range: `bytes=${position}-`}),
				});
				const {Body: body} = await client.send(command, {abortSignal: options.signal});
				for await (const chunk of body as AsyncIterable<Buffer>) {
					position += chunk.length;
					resumes = 0;
					yield chunk;
				}

				// An object that was cut shorter than its listing says is read no further.
				return;
			} catch (error) {
				options.signal.throwIfAborted();
				resumes += 1;
				if (!isBrokenConnection(error) || resumes > MAX_RESUMES) throw describeFault(error, options.address);
			}
		}
	}

	return {
		folders: async path => (await list(path)).folders,
		files: async path => [...(await list(path)).files.keys()],
		stat: find,
		read: (path, start = 0) => Readable.from(readObject(path, start)),
		close: () => client.destroy(),
	};
}

async function loadLibrary(load: () => Promise<Library>): Promise<Library> {
	try {
		return await load();
	} catch (error) {
		if ((error as {code?: unknown}).code !== 'ERR_MODULE_NOT_FOUND') throw error;
		throw new InfinisstError('PROGRAM_MISSING', 'Reading from S3 needs the package @aws-sdk/client-s3', {
			hint: 'Install it where infinisst is: npm install @aws-sdk/client-s3.',
			cause: error,
		});
	}
}

/** Keys in variables are handed on; other ways to have some (profiles, roles) the library knows itself. */
function describeClient({environment, ...options}: S3TreeOptions) {
	const endpoint = options.endpoint ?? environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'];
	const region = options.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
	const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
	const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
	const sessionToken = environment['AWS_SESSION_TOKEN'];
	return {
		forcePathStyle: options.isPathStyle ?? endpoint !== undefined,
		...(endpoint === undefined ? {} : {endpoint}),
		...(region !== undefined ? {region} : endpoint === undefined ? {} : {region: 'us-east-1'}),
		...(accessKeyId && secretAccessKey
			? {credentials: {accessKeyId, secretAccessKey, ...(sessionToken ? {sessionToken} : {})}}
			: {}),
		// Stores other than Amazon's do not all know its newer checksums.
		responseChecksumValidation: 'WHEN_REQUIRED',
		requestChecksumCalculation: 'WHEN_REQUIRED',
	} as const;
}

async function listFolder(
	library: Library,
	client: S3Client,
	bucket: string,
	folder: string,
	{address, signal}: S3TreeOptions,
): Promise<Listing> {
	const folders: string[] = [];
	const files = new Map<string, StoredObject>();
	let token: string | undefined;
	try {
		do {
			const page = await client.send(
				new library.ListObjectsV2Command({
					Bucket: bucket,
					Prefix: folder,
					Delimiter: '/',
					ContinuationToken: token,
				}),
				{abortSignal: signal},
			);
			for (const {Prefix: prefix = ''} of page.CommonPrefixes ?? [])
				folders.push(prefix.slice(folder.length, -1));
			for (const {Key: key = '', Size: size = 0, LastModified: modified, ETag: tag} of page.Contents ?? []) {
				// The folder itself is an object too where somebody made it by hand.
				const name = key.slice(folder.length);
				if (name !== '') files.set(name, {sizeBytes: size, modifiedMs: modified?.getTime() ?? 0, tag});
			}

			token = page.NextContinuationToken;
		} while (token !== undefined);
	} catch (error) {
		signal.throwIfAborted();
		throw describeFault(error, address);
	}

	return {folders: folders.filter(name => name !== ''), files};
}

interface ServiceFault {
	readonly name?: string;
	readonly code?: string;
	readonly $metadata?: {readonly httpStatusCode?: number};
}

/** No answer of the store, but the end of a connection to it. */
function isBrokenConnection(error: unknown): boolean {
	return !InfinisstError.is(error) && (error as ServiceFault).$metadata?.httpStatusCode === undefined;
}

function describeFault(error: unknown, address: string): unknown {
	if (InfinisstError.is(error)) return error;
	const {name = '', code = '', $metadata: metadata} = error as ServiceFault;
	const status = metadata?.httpStatusCode;
	if (name === 'NoSuchBucket' || name === 'NotFound') {
		return new InfinisstError('INPUT_UNREADABLE', `There is no bucket for ${address}`, {cause: error});
	}

	if (name === 'PreconditionFailed') {
		return new InfinisstError('INPUT_UNREADABLE', `An object of ${address} was changed while it was read`, {
			hint: 'Import again: what was read stays.',
			cause: error,
		});
	}

	if (status === 401 || status === 403 || name === 'CredentialsProviderError') {
		return new InfinisstError('ACCESS_DENIED', `${address} may not be read: ${name}`, {
			hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
			cause: error,
		});
	}

	return new InfinisstError('SOURCE_UNREACHABLE', `${address} cannot be read: ${code || name}`, {
		hint: 'See --endpoint and --region, or try again: what was read stays.',
		cause: error,
	});
}
