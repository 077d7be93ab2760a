import {InfinisstError} from '../../../core/errors.js';
import {parseDurationMs, parseSizeBytes} from '../../../core/util/parse-quantity.js';

/** "36h" or "30d" in milliseconds. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseDuration(flag: string, text: string): number {
	const durationMs = parseDurationMs(text);
	if (durationMs !== undefined) return durationMs;
	throw new InfinisstError(
		'OPTION_INVALID',
		`--${flag} must be a time such as 36h or 30d, not ${JSON.stringify(text)}`,
	);
}

/** So long ago, or a date. @returns milliseconds since 1970. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseMoment(flag: string, text: string, nowMs: number): number {
	const agoMs = parseDurationMs(text);
	if (agoMs !== undefined) return nowMs - agoMs;
	const ms = Date.parse(text);
	if (!Number.isNaN(ms)) return ms;
	throw new InfinisstError(
		'OPTION_INVALID',
		`--${flag} must be a date such as 2026-11-23 or a time such as 36h, not ${JSON.stringify(text)}`,
	);
}

/** "2GB" in bytes. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseSize(flag: string, text: string): number {
	const bytes = parseSizeBytes(text);
	if (bytes !== undefined) return bytes;
	throw new InfinisstError(
		'OPTION_INVALID',
		`--${flag} must be a size such as 500MB or 2GB, not ${JSON.stringify(text)}`,
	);
}
