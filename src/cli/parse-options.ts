import * as z from 'zod';

import {InfinisstError} from '../core/errors.js';
import {closestNames} from '../core/util/closest-names.js';

/**
 * Checks what a command was given, as commander hands it over: text, or true for a flag.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, naming the flag, what it must be, and what it was.
 */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, flags: unknown): z.output<Schema> {
	const result = schema.safeParse(flags);
	if (result.success) return result.data;
	const issue = result.error.issues[0]!;
	const name = String(issue.path[0] ?? '');
	const value = (flags as Readonly<Record<string, unknown>>)[name];
	throw new InfinisstError(
		'OPTION_INVALID',
		`--${toKebabCase(name)} ${issue.message}, not ${JSON.stringify(value)}`,
		issue.code === 'invalid_value' ? suggest(value, issue.values) : {},
	);
}

/** A whole number written in decimal digits. */
export function wholeNumber(minimum: number, maximum: number) {
	const message = `must be a whole number from ${minimum} to ${maximum}`;
	return z
		.string()
		.regex(/^\d{1,9}$/, message)
		.transform(Number)
		.pipe(z.number().min(minimum, message).max(maximum, message));
}

/** A number written in decimal digits, with or without a point. */
export function decimalNumber(minimum: number, maximum: number) {
	const message = `must be a number from ${minimum} to ${maximum}`;
	return z
		.string()
		.regex(/^(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})$/, message)
		.transform(Number)
		.pipe(z.number().min(minimum, message).max(maximum, message));
}

/** One of some words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
	return z.enum(words, {error: `must be one of ${words.join(', ')}`});
}

function suggest(value: unknown, known: readonly unknown[]): {hint?: string} {
	const [closest] = closestNames(String(value), known.map(String));
	return closest === undefined ? {} : {hint: `Did you mean ${closest}?`};
}

function toKebabCase(name: string): string {
	return name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}
