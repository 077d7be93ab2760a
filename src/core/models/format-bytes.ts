const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** "145.2 MB": decimal units, as disks and download pages count. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 999.95 && unit < UNITS.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${unit === 0 ? String(value) : value.toFixed(1)} ${UNITS[unit]!}`;
}
