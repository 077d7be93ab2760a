/** What could move a terminal's cursor is not shown. Lines and tabs count as that. */
export function cleanText(text: string): string {
	// eslint-disable-next-line no-control-regex -- these are the control characters
	return text.replaceAll(/\u001B\[[\d;]*[A-Za-z]|[\u0000-\u001F\u007F-\u009F\s]+/g, ' ');
}

/** Any value in one line: text as it is, nothing for what is not set, else JSON. */
export function toText(value: unknown): string {
	if (value === null || value === undefined) return '';
	return typeof value === 'string' ? value : JSON.stringify(value);
}

export interface MomentOptions {
	readonly isUtc: boolean;
	/** @default false */
	readonly hasMilliseconds?: boolean;
}

/** One value for people: moments as dates, no control characters. */
export function formatCell(name: string, value: unknown, options: MomentOptions): string {
	if (typeof value === 'number') {
		if (isMoment(name, value)) return formatMoment(value, options);
		if (value === 0 && isUnsetMoment(name)) return '';
	}

	return cleanText(toText(value));
}

/** Milliseconds since 1970 as date and time, in UTC or in the local zone. */
export function formatMoment(ms: number, {isUtc, hasMilliseconds = false}: MomentOptions): string {
	const date = new Date(isUtc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
	return date
		.toISOString()
		.slice(0, hasMilliseconds ? 23 : 19)
		.replace('T', ' ');
}

/** Earlier than this, in 1973, is a length of time; later than the other an odd number. */
const FIRST_MOMENT_MS = 1e11;
const LAST_MOMENT_MS = 1e14;

/** By the names that we and Ray give: "startMs", "creation_time_ms", "endTime", "timestamp". */
function isMoment(name: string, value: number): boolean {
	return /(?:ms|time|timestamp)$/i.test(name) && value >= FIRST_MOMENT_MS && value < LAST_MOMENT_MS;
}

function isUnsetMoment(name: string): boolean {
	return /^(?:start|end|creat|first|last).*(?:ms|time)$/i.test(name);
}
