import multipart from '@fastify/multipart';
import type {FastifyInstance, FastifyRequest} from 'fastify';

import {isFormFault} from '../errors/is-form-fault.js';
import {ParameterError} from './parameters.js';

const MAX_FIELDS = 50;

/**
 * Reads bodies as the existing clients send them: a JSON header with nothing behind it, JSON without a header, forms of
 * both kinds.
 *
 * @param maxBytes - of a form; the application bounds the others.
 */
export async function readBodies(app: FastifyInstance, maxBytes: number): Promise<void> {
	for (const contentType of ['application/json', 'text/plain']) {
		app.removeContentTypeParser(contentType);
		app.addContentTypeParser(contentType, {parseAs: 'string'}, (_request, body: string, done) => {
			try {
				done(null, body.trim() === '' ? undefined : (JSON.parse(body) as unknown));
			} catch {
				done(new ParameterError([{loc: ['body'], msg: 'The body is no JSON', type: 'json_invalid'}]));
			}
		});
	}
	await app.register(multipart, {
		limits: {files: 0, fields: MAX_FIELDS, fieldSize: maxBytes},
	});
	app.addHook('preValidation', async request => {
		if (request.isMultipart()) request.body = await readForm(request, maxBytes);
	});
}

async function readForm(
	request: FastifyRequest,
	maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
	const fields: Record<string, unknown> = {};
	let bytes = 0;
	try {
		for await (const part of request.parts()) {
			if (part.type !== 'field') continue;
			bytes += Buffer.byteLength(String(part.value));
			// Never half a value.
			if (part.valueTruncated || bytes > maxBytes) throw tooLargeError(maxBytes);
			fields[part.fieldname] = part.value;
		}
	} catch (error) {
		if (!isFormFault(error)) throw error;
		throw new ParameterError([{loc: ['body'], msg: 'The body is no complete form', type: 'form_invalid'}]);
	}
	return fields;
}

/** As for bodies of other kinds. */
function tooLargeError(maxBytes: number): Error {
	return Object.assign(new Error(`The form has more than ${maxBytes} bytes`), {
		statusCode: 413,
		code: 'FST_ERR_CTP_BODY_TOO_LARGE',
	});
}
