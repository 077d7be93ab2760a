/** `00:01:02,345` with the separator of the format: `,` in SubRip, `.` in WebVTT. Takes ms, 0 or more. */
export function formatClockTime(timeMs: number, separator: ',' | '.'): string {
	const total = Math.round(timeMs);
	const hours = Math.floor(total / 3_600_000);
	const minutes = Math.floor(total / 60_000) % 60;
	const seconds = Math.floor(total / 1000) % 60;
	return `${pad(hours)}:${pad(minutes)}:${pad(seconds)}${separator}${pad(total % 1000, 3)}`;
}

/** `01:02.34`, minutes and hundredths as LRC has them; minutes go on past 99. Takes ms, 0 or more. */
export function formatLyricsTime(timeMs: number): string {
	const hundredths = Math.round(timeMs / 10);
	const minutes = Math.floor(hundredths / 6000);
	const seconds = Math.floor(hundredths / 100) % 60;
	return `${pad(minutes)}:${pad(seconds)}.${pad(hundredths % 100)}`;
}

function pad(value: number, digits = 2): string {
	return String(value).padStart(digits, '0');
}
