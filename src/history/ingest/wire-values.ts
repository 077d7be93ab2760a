/** An object of JSON whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An event or line that cannot be taken; `message` says which member and why. */
export class DamageError extends Error {}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readObject(value: unknown): JsonObject {
	return isObject(value) ? value : {};
}

export function readObjects(value: unknown): readonly JsonObject[] {
	return Array.isArray(value) ? value.filter(isObject) : [];
}

export function readText(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

/** A number, also where JSON has a 64-bit integer as text. */
export function readNumber(value: unknown): number {
	const number = typeof value === 'string' && value !== '' ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : 0;
}

/**
 * A value of one of Ray's enumerations by its name, also where JSON has its number; the first where it is left
 * out, as JSON may do.
 *
 * @param names - in the order of their numbers.
 * @returns "" for one that came with a later Ray.
 */
export function readEnum<Name extends string>(value: unknown, names: readonly Name[]): Name | '' {
	if (value === undefined || value === null) return names[0]!;
	return typeof value === 'number' ? (names[value] ?? '') : (names.find(name => name === value) ?? '');
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Ids that were read before: of a job, a node or a worker there are thousands of events, of a task a few. */
const knownIds = new Map<string, string>();
const MAX_KNOWN_IDS = 20_000;

/**
 * An id as lowercase hex digits.
 *
 * @param value - standard padded base64; "" and absent are an id that is not set.
 * @returns "" where the id is not set.
 * @throws {DamageError} when it is no base64.
 */
export function readId(value: unknown, member: string): string {
	if (value === undefined || value === null || value === '') return '';
	if (typeof value !== 'string') throw new DamageError(`${member} is no base64`);
	const known = knownIds.get(value);
	if (known !== undefined) return known;
	if (value.length % 4 !== 0 || !BASE64.test(value)) throw new DamageError(`${member} is no base64`);
	const hex = Buffer.from(value, 'base64').toString('hex');
	if (knownIds.size >= MAX_KNOWN_IDS) knownIds.clear();
	knownIds.set(value, hex);
	return hex;
}

/** True for an id that is not set, or that Ray calls nil: all its bytes are 0xff. */
export function isNilId(hex: string): boolean {
	return hex === '' || /^f+$/.test(hex);
}

/** "" for a nil id. */
export function dropNil(hex: string): string {
	return isNilId(hex) ? '' : hex;
}

let lastSecond = '';
let lastSecondText = '0';

/**
 * Nanoseconds since 1970 as decimal digits: 19 of them for every moment from 2001 to 2286, so that text
 * order is time order. A JavaScript number cannot hold them.
 *
 * @param value - RFC 3339, for example "2026-11-23T04:47:06.673176320Z", or its seconds and nanoseconds.
 * @returns "0" where no time is set.
 * @throws {DamageError} when it is no time.
 */
export function readNanoseconds(value: unknown, member: string): string {
	if (value === undefined || value === null || value === '') return '0';
	if (isObject(value)) return readSeconds(value, member);
	if (typeof value !== 'string') throw new DamageError(`${member} is no time`);
	const second = value.slice(0, 19);
	// Events come in order of time: mostly the second is the one before.
	if (second !== lastSecond) {
		const milliseconds = Date.parse(`${second}Z`);
		if (Number.isNaN(milliseconds)) throw new DamageError(`${member} is no time`);
		lastSecond = second;
		lastSecondText = String(milliseconds / 1000);
	}

	const rest = /^(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?$/.exec(value.slice(19));
	if (rest === null) throw new DamageError(`${member} is no time`);
	const [, digits = '', sign, hours, minutes] = rest;
	const fraction = digits.padEnd(9, '0');
	if (sign !== undefined) {
		const aheadS = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
		return `${Number(lastSecondText) - aheadS}${fraction}`;
	}

	return lastSecondText === '0' ? `${Number(fraction)}` : lastSecondText + fraction;
}

/** Seconds and nanoseconds, as a writer may put a time that does not know how JSON has it. */
function readSeconds({seconds, nanos}: JsonObject, member: string): string {
	const [digits, fraction] = [seconds ?? 0, nanos ?? 0].map(value =>
		typeof value === 'number' ? String(value) : readText(value),
	) as [string, string];
	if (!/^\d{1,10}$/.test(digits) || !/^\d{1,9}$/.test(fraction))
		throw new DamageError(`${member} is no time`);
	return digits === '0' ? fraction : digits + fraction.padStart(9, '0');
}

/** Whole milliseconds, rounded down as Ray does. */
export function toMilliseconds(nanoseconds: string): number {
	return nanoseconds.length <= 6 ? 0 : Number(nanoseconds.slice(0, -6));
}

/**
 * Milliseconds of a moment of a task. Ray divides nanoseconds as doubles, which hold every 256th: shortly before
 * a whole millisecond, and for some of those themselves, it comes to one less or more.
 */
export function toTaskMilliseconds(nanoseconds: string): number {
	const rounded = Number(nanoseconds);
	return Math.round((rounded - (rounded % 1e6)) / 1e6);
}

/** Nanoseconds of a number of milliseconds. */
export function toNanoseconds(milliseconds: number): string {
	return milliseconds === 0 ? '0' : `${Math.trunc(milliseconds)}000000`;
}

/** The first value that is set: "" and 0 stand for none, as do null and undefined. */
export function firstSet<Value>(...values: readonly (Value | null | undefined)[]): Value | undefined {
	return values.find(value => Boolean(value)) ?? undefined;
}
