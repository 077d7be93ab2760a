const UNITS_MS: Readonly<Record<string, number>> = {
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
};

const SIZES: Readonly<Record<string, number>> = {kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12};

/** "36h" or "30d" in milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
	const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
	return unit === undefined ? undefined : Number(number) * UNITS_MS[unit]!;
}

/** "2GB" in bytes; undefined for anything else. */
export function parseSizeBytes(text: string): number | undefined {
	const [, number, unit] = /^(\d{1,9}(?:\.\d+)?)(kB|MB|GB|TB)$/.exec(text) ?? [];
	return unit === undefined ? undefined : Number(number) * SIZES[unit]!;
}
