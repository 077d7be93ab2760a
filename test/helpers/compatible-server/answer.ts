/** What the double answers: JSON, unless it says what else. */
export interface Answer {
	readonly status?: number;
	readonly body: unknown;
	readonly contentType?: string;
}

/** Query, JSON and form put together. */
export type Given = Readonly<Record<string, unknown>>;

/** 422, as the contract has it. */
export class InvalidParameter extends Error {
	constructor(readonly parameter: string) {
		super(`${parameter} has the wrong type`);
	}
}

export function ok(body: object): Answer {
	return {body: {success: true, ...body}};
}

export function fail(error: string, status = 200): Answer {
	return {status, body: {success: false, error}};
}

export function text(given: Given, name: string, fallback = ''): string {
	const value = given[name] ?? fallback;
	if (typeof value !== 'string') throw new InvalidParameter(name);
	return value;
}

export function whole(given: Given, name: string, fallback: number): number {
	const value = Number(given[name] ?? fallback);
	if (!Number.isInteger(value)) throw new InvalidParameter(name);
	return value;
}

export function flag(given: Given, name: string, fallback = false): boolean {
	const value = given[name];
	return value === undefined ? fallback : [true, 'true', '1', 'yes', 'on'].some(word => word === value);
}
