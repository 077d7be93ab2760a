import type {ApiAnswer} from '../api-client.js';
import {describeAnswer} from '../check-context.js';
import {isObject} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';

type Body = Readonly<Record<string, unknown>>;

/** @throws {Mismatch} unless it is 200 with `success: true`. */
export function expectSuccess(answer: ApiAnswer, what: string): Body {
	const {status, body} = answer;
	expectThat(
		status === 200 && isObject(body) && body['success'] === true,
		`${what} to answer 200 with success: true`,
		describeAnswer(answer),
	);
	return body;
}

/** @throws {Mismatch} unless it is 200 with `success: false` and a text that says why. */
export function expectLogicalFailure(answer: ApiAnswer, what: string): string {
	const {status, body} = answer;
	const error = isObject(body) && body['success'] === false ? body['error'] : undefined;
	expectThat(
		status === 200 && typeof error === 'string' && error !== '',
		`${what} to answer 200 with success: false and an error`,
		describeAnswer(answer),
	);
	return error;
}

/** @throws {Mismatch} unless it is 422 with what is wrong and where. */
export function expectInvalid(answer: ApiAnswer, what: string): void {
	const {status, body} = answer;
	const detail = isObject(body) ? body['detail'] : undefined;
	const isDetailed =
		Array.isArray(detail) &&
		detail.length > 0 &&
		detail.every(
			(issue: unknown) =>
				isObject(issue) &&
				Array.isArray(issue['loc']) &&
				typeof issue['msg'] === 'string' &&
				typeof issue['type'] === 'string',
		);
	expectThat(
		status === 422 && isDetailed,
		`${what} to answer 422 with detail: [{loc, msg, type}]`,
		describeAnswer(answer),
	);
}

/** The contract leaves open which of the two it is. @throws {Mismatch} if it was done. */
export function expectRefused(answer: ApiAnswer, what: string): void {
	if (answer.status === 422) expectInvalid(answer, what);
	else expectLogicalFailure(answer, `${what} to be refused:`);
}
