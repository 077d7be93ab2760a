import {InfinisstError} from '../../../core/errors.js';

const UNITS_MS: Readonly<Record<string, number>> = {
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
};

/** "36h" or "30d" in milliseconds. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseDuration(flag: string, text: string): number {
	const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
	if (unit === undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--${flag} must be a time such as 36h or 30d, not ${JSON.stringify(text)}`,
		);
	}

	return Number(number) * UNITS_MS[unit]!;
}

/** So long ago, or a date. @returns milliseconds since 1970. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseMoment(flag: string, text: string, nowMs: number): number {
	if (/^\d{1,6}[smhdw]$/.test(text)) return nowMs - parseDuration(flag, text);
	const ms = Date.parse(text);
	if (!Number.isNaN(ms)) return ms;
	throw new InfinisstError(
		'OPTION_INVALID',
		`--${flag} must be a date such as 2026-11-23 or a time such as 36h, not ${JSON.stringify(text)}`,
	);
}

const SIZES: Readonly<Record<string, number>> = {kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12};

/** "2GB" in bytes. @throws {InfinisstError} `OPTION_INVALID`. */
export function parseSize(flag: string, text: string): number {
	const [, number, unit] = /^(\d{1,9}(?:\.\d+)?)(kB|MB|GB|TB)$/.exec(text) ?? [];
	if (unit === undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--${flag} must be a size such as 500MB or 2GB, not ${JSON.stringify(text)}`,
		);
	}

	return Number(number) * SIZES[unit]!;
}
