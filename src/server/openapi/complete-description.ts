import {STATUS_CODES} from 'node:http';

interface Operation {
	readonly requestBody?: {required?: boolean; readonly content?: Record<string, unknown>};
	readonly responses?: Record<string, {description?: string; readonly content?: object}>;
	security?: readonly object[];
}

/** The part of an OpenAPI document that is completed. */
export interface Description {
	readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Answers that are no JSON: schemas of routes are for what is made JSON only. */
const OTHER_ANSWERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
	'/metrics': {200: ['text/plain']},
	'/test_video/{filename}': {200: ['video/*'], 206: ['video/*']},
	'/download_youtube': {200: ['video/mp4', 'application/json']},
	'/v1/models/{model}/load': {200: ['text/event-stream']},
};

const JSON_TYPE = 'application/json';
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const;

/** Adds to the description what the schemas of routes cannot say. Changes it in place. */
export function completeDescription({paths = {}}: Description): void {
	for (const [path, operations] of Object.entries(paths)) {
		for (const operation of Object.values(operations)) {
			describeBody(operation);
			describeAnswers(operation, OTHER_ANSWERS[path] ?? {});
			if (path === '/livez') operation.security = [];
		}
	}
}

/** Parameters in a body may as well come in the query, and in forms of either kind. */
function describeBody({requestBody}: Operation): void {
	const json = requestBody?.content?.[JSON_TYPE];
	if (requestBody?.content === undefined || json === undefined) return;
	requestBody.required = false;
	for (const type of FORM_TYPES) requestBody.content[type] = json;
}

function describeAnswers({responses = {}}: Operation, others: (typeof OTHER_ANSWERS)[string]): void {
	for (const [status, types] of Object.entries(others)) {
		responses[status] = {content: Object.fromEntries(types.map(type => [type, {}]))};
	}
	for (const [status, answer] of Object.entries(responses)) {
		if (answer.description === undefined || answer.description === 'Default Response') {
			answer.description = nameOf(status);
		}
	}
}

function nameOf(status: string): string {
	const exact = STATUS_CODES[status];
	if (exact !== undefined) return exact;
	return status.startsWith('5') ? 'A fault of the server' : 'A fault of the request';
}
