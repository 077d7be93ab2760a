import type {FastifyRequest} from 'fastify';
import {z} from 'zod';

/** One thing that is wrong with a request, as FastAPI words it: existing clients print it. */
export interface ParameterIssue {
	/** Where: `query` or `body`, then the name. */
	readonly loc: readonly (string | number)[];
	readonly msg: string;
	readonly type: string;
}

/** Parameters of a wrong type: answered with 422. */
export class ParameterError extends Error {
	override readonly name = 'ParameterError';
	readonly detail: readonly ParameterIssue[];

	constructor(detail: readonly ParameterIssue[]) {
		super('A parameter has the wrong type');
		this.detail = detail;
	}
}

/** Names and types. The types are plain ones (`z.int()`, `z.string()`, lists of them, ...), optional or with a default. */
export type ParameterShape = Readonly<Record<string, z.ZodType>>;

/** A pair, or in a JSON body several with the same language spoken. */
export const languagePairParameter = z
	.union([z.string(), z.array(z.string()).min(1)])
	.describe(
		'Such as "English -> German"; several languages as "English -> German, Spanish", or as a list in JSON',
	);

type Place = 'query' | 'body';

const YES = new Set(['true', '1', 'yes', 'on', 'y', 't']);
const NO = new Set(['false', '0', 'no', 'off', 'n', 'f', '']);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The parameters of a request, wherever they came: query wins over body, unknown ones are ignored, and what queries and forms
 * can only say as text is read as the type it must have.
 *
 * @throws {ParameterError}
 */
export function readParameters<Shape extends ParameterShape>(
	request: Pick<FastifyRequest, 'query' | 'body'>,
	shape: Shape,
): z.output<z.ZodObject<Shape>> {
	const body = readBody(request.body);
	const query = request.query as Record<string, unknown>;
	const places = new Map<string, Place>();
	const values: Record<string, unknown> = {};
	for (const [name, type] of Object.entries(shape)) {
		const place = ownValue(query, name) === undefined ? 'body' : 'query';
		const value = place === 'query' ? lastOf(query[name]) : ownValue(body, name);
		// Forms have no null; JSON clients send it for what they leave out.
		if (value === undefined || value === null) continue;
		places.set(name, place);
		values[name] = readText(value, plainType(type));
	}

	const parsed = z.object(shape).safeParse(values);
	if (parsed.success) return parsed.data;
	const missingPlace: Place = Object.keys(body).length > 0 ? 'body' : 'query';
	throw new ParameterError(
		parsed.error.issues.map(issue => {
			const name = String(issue.path[0]);
			const loc = [
				places.get(name) ?? missingPlace,
				...issue.path.map(part => (typeof part === 'number' ? part : String(part))),
			];
			return places.has(name)
				? {loc, msg: `Input should be ${nameOfType(shape[name]!)}`, type: issueType(shape[name]!)}
				: {loc, msg: 'Field required', type: 'missing'};
		}),
	);
}

function readBody(body: unknown): Readonly<Record<string, unknown>> {
	if (body === undefined || body === null) return {};
	if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>;
	throw new ParameterError([
		{loc: ['body'], msg: 'Input should be an object with a value for each parameter', type: 'dict_type'},
	]);
}

/** Never what an object has by birth, such as `constructor`. */
function ownValue(record: Readonly<Record<string, unknown>>, name: string): unknown {
	return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A parameter that is given twice counts as it was given last. */
function lastOf(value: unknown): unknown {
	return Array.isArray(value) ? (value as readonly unknown[]).at(-1) : value;
}

function plainType(type: z.ZodType): z.ZodType {
	return type instanceof z.ZodOptional || type instanceof z.ZodDefault
		? plainType(type.unwrap() as z.ZodType)
		: type;
}

/** The value as the type has it, if it is text or a number that says so, else unchanged: then it is refused. */
function readText(value: unknown, type: z.ZodType): unknown {
	if (type instanceof z.ZodNumber && typeof value === 'string') {
		const text = value.trim();
		return NUMBER.test(text) ? Number(text) : value;
	}
	if (type instanceof z.ZodBoolean && (typeof value === 'string' || typeof value === 'number')) {
		const word = String(value).trim().toLowerCase();
		if (YES.has(word)) return true;
		if (NO.has(word)) return false;
	}
	return value;
}

function nameOfType(type: z.ZodType): string {
	const plain = plainType(type);
	if (plain instanceof z.ZodBoolean) return 'true or false';
	if (plain instanceof z.ZodNumber) return isWhole(plain) ? 'a whole number' : 'a number';
	return plain instanceof z.ZodUnion ? 'a text or a list' : 'a text';
}

/** The names of pydantic. */
function issueType(type: z.ZodType): string {
	const plain = plainType(type);
	if (plain instanceof z.ZodBoolean) return 'bool_parsing';
	if (plain instanceof z.ZodNumber) return isWhole(plain) ? 'int_parsing' : 'float_parsing';
	return 'string_type';
}

function isWhole(type: z.ZodNumber): boolean {
	return type.format === 'safeint';
}
