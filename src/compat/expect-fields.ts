import {expectThat} from './mismatch.js';

export type FieldKind = 'string' | 'number' | 'boolean' | 'object' | 'array';

type Kinds = Readonly<Record<string, FieldKind>>;

interface KindTypes {
	readonly string: string;
	readonly number: number;
	readonly boolean: boolean;
	readonly object: Readonly<Record<string, unknown>>;
	readonly array: readonly unknown[];
}

export type Fields<Wanted extends Kinds> = {readonly [Name in keyof Wanted]: KindTypes[Wanted[Name]]};

/**
 * Reads the named fields of an object; further ones are allowed.
 *
 * @param what - whose fields they are, for people.
 * @throws {Mismatch} if the value is no object, or a field is missing or of another kind.
 */
export function expectFields<const Wanted extends Kinds>(
	value: unknown,
	wanted: Wanted,
	what: string,
): Fields<Wanted> {
	expectThat(isObject(value), `${what} to be an object`, value);
	for (const [name, kind] of Object.entries(wanted)) {
		expectThat(kindOf(value[name]) === kind, `${what} to have ${name}, a value of type ${kind}`, value);
	}

	return value as Fields<Wanted>;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return kindOf(value) === 'object';
}

function kindOf(value: unknown): string {
	if (value === null) return 'null';
	return Array.isArray(value) ? 'array' : typeof value;
}
