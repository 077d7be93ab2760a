import {randomUUID} from 'node:crypto';
import {createWriteStream} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {MultipartFile} from '@fastify/multipart';
import type {FastifyRequest} from 'fastify';

import {InfinisstError} from '../../../core/errors.js';
import {isFormFault} from '../../errors/is-form-fault.js';
import type {UploadFolder} from './upload-folder.js';

export interface UploadedFile {
	/** Absolute. */
	readonly path: string;
	/** As the client called it, fit to be shown. */
	readonly name: string;
}

export interface Upload {
	/** Values by field, in order; `x[]` is `x`. */
	readonly fields: ReadonlyMap<string, readonly string[]>;
	readonly file: UploadedFile | undefined;
	/** Deletes the file. Idempotent. */
	remove(): Promise<void>;
}

/** A prompt is a few hundred words at most. */
const FIELD_BYTES = 64 * 1024;
/** OpenAI knows a dozen parameters, two of which may be given several times. */
const MAX_FIELDS = 50;
/** What a body holds besides the file. */
const FORM_BYTES = 1024 * 1024;

/**
 * Receives a form with a file, which is written to the disk as it comes.
 *
 * @param maxBytes - of the file.
 * @throws {InfinisstError} `OPTION_INVALID` if it is no form; `DISK_FULL`; what the parser of forms throws, with its
 * `statusCode`; `signal.reason`. Nothing is left of the file then.
 */
export async function receiveUpload(
	request: FastifyRequest,
	folder: UploadFolder,
	maxBytes: number,
	signal: AbortSignal,
): Promise<Upload> {
	if (!request.isMultipart()) {
		throw new InfinisstError('OPTION_INVALID', 'The body is not multipart/form-data', {
			hint: 'Send the recording as the field "file" of a form.',
		});
	}

	if (Number(request.headers['content-length'] ?? 0) > maxBytes + FORM_BYTES) throw tooLarge(maxBytes);
	const path = join(await folder.open(), randomUUID());
	const remove = (): Promise<void> => rm(path, {force: true});
	try {
		const {fields, name} = await receiveParts(request, path, maxBytes, signal);
		return {fields, file: name === undefined ? undefined : {path, name}, remove};
	} catch (error) {
		await remove();
		signal.throwIfAborted();
		throw translateFault(error, maxBytes);
	}
}

async function receiveParts(
	request: FastifyRequest,
	path: string,
	maxBytes: number,
	signal: AbortSignal,
): Promise<{readonly fields: Map<string, string[]>; readonly name: string | undefined}> {
	const fields = new Map<string, string[]>();
	let name: string | undefined;
	const limits = {
		fileSize: maxBytes,
		files: 1,
		fields: MAX_FIELDS,
		parts: MAX_FIELDS + 1,
		fieldSize: FIELD_BYTES,
		fieldNameSize: 100,
		headerPairs: 20,
	};
	for await (const part of request.parts({limits})) {
		if (part.type === 'file') {
			if (part.fieldname === 'file') name = await receiveFile(part, path, signal);
			else part.file.resume();
			continue;
		}

		const field = part.fieldname.replace(/\[\]$/, '');
		if (part.valueTruncated) {
			throw new InfinisstError(
				'OPTION_INVALID',
				`The field "${field.slice(0, 40)}" is longer than ${FIELD_BYTES} bytes`,
				{
					hint: 'Shorten it.',
				},
			);
		}

		fields.set(field, [...(fields.get(field) ?? []), String(part.value)]);
	}
	return {fields, name};
}

async function receiveFile(part: MultipartFile, path: string, signal: AbortSignal): Promise<string> {
	await pipeline(part.file, createWriteStream(path, {flags: 'wx', mode: 0o600}), {signal});
	return showName(part.filename);
}

/** A name comes from outside: it must not write to a terminal, or look like a path of this machine. */
function showName(given: string): string {
	const name = given
		.replace(/^.*[/\\]/, '')
		.replaceAll(/\p{C}/gu, '')
		.slice(0, 100);
	return name === '' ? 'file' : name;
}

function translateFault(error: unknown, maxBytes: number): unknown {
	const {code} = error as {code?: unknown};
	if (code === 'FST_REQ_FILE_TOO_LARGE') return tooLarge(maxBytes);
	if (isFormFault(error)) {
		return new InfinisstError('OPTION_INVALID', 'The body is no complete form', {
			hint: 'Send multipart/form-data, with its boundary in the content-type.',
			cause: error,
		});
	}

	if (code === 'ENOSPC') {
		return new InfinisstError('DISK_FULL', 'There is no room left for uploads on the disk', {
			hint: 'Make some, or set TMPDIR to a folder that has some.',
			cause: error,
		});
	}

	return error;
}

function tooLarge(maxBytes: number): Error {
	const megabytes = Math.floor(maxBytes / (1024 * 1024));
	const limit = megabytes > 0 ? `${megabytes} MB` : `${maxBytes} bytes`;
	return contentTooLarge(`The file is larger than ${limit}, which is the most taken here`);
}

/** @returns an error of the transport, which has a status that no code of ours stands for. */
export function contentTooLarge(message: string): Error {
	return Object.assign(new Error(message), {statusCode: 413, code: 'file_too_large'});
}
