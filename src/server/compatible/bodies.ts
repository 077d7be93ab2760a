import multipart from '@fastify/multipart';
import type {FastifyInstance, FastifyRequest} from 'fastify';

import {isFormFault} from '../errors/is-form-fault.js';
import {ParameterError} from './parameters.js';

const MAX_FIELDS = 50;
const MAX_FIELD_BYTES = 64 * 1024;

/**
 * Reads bodies as the existing clients send them: a JSON header with nothing behind it, JSON without a header, forms of
 * both kinds.
 */
export async function readBodies(app: FastifyInstance): Promise<void> {
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
		limits: {files: 0, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES},
	});
	app.addHook('preValidation', async request => {
		if (request.isMultipart()) request.body = await readForm(request);
	});
}

async function readForm(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
	const fields: Record<string, unknown> = {};
	try {
		for await (const part of request.parts()) if (part.type === 'field') fields[part.fieldname] = part.value;
	} catch (error) {
		if (!isFormFault(error)) throw error;
		throw new ParameterError([{loc: ['body'], msg: 'The body is no complete form', type: 'form_invalid'}]);
	}
	return fields;
}
