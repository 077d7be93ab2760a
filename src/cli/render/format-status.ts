import {formatBytes} from '../../core/models/format-bytes.js';
import {
	fractionOf,
	remainingMs,
	speedOf,
	type DownloadStatus,
	type RecordingStatus,
	type RunStatus,
} from './run-status.js';

/** `1:05` or `1:02:03`; takes ms. */
export function formatDuration(timeMs: number): string {
	const total = Math.round(timeMs / 1000);
	const hours = Math.floor(total / 3600);
	const minutes = Math.floor(total / 60) % 60;
	const seconds = String(total % 60).padStart(2, '0');
	return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** `12.1x real time`. */
export function formatSpeed(speed: number): string {
	return `${speed >= 10 ? speed.toFixed(0) : speed.toFixed(1)}x real time`;
}

/** `33 %`. */
export function formatPercent(fraction: number): string {
	return `${Math.floor(fraction * 100)} %`;
}

/** How far a recording is: `3:20 of 10:05, 12x real time, 0:33 left`. */
export function formatAdvance(status: RecordingStatus): string {
	const {processedMs, durationMs} = status;
	const speed = speedOf(status);
	const leftMs = remainingMs(status);
	return [
		durationMs === undefined
			? `${formatDuration(processedMs)} done`
			: `${formatDuration(processedMs)} of ${formatDuration(durationMs)}`,
		...(speed === undefined ? [] : [formatSpeed(speed)]),
		...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} left`]),
	].join(', ');
}

/** How much has come: `12.3 MB of 45.0 MB`. */
export function formatReceived({receivedBytes, totalBytes}: DownloadStatus): string {
	const received = formatBytes(receivedBytes);
	return totalBytes === undefined ? received : `${received} of ${formatBytes(totalBytes)}`;
}

/** One line, for where nothing can be redrawn. */
export function formatStatusLine(status: RunStatus): string {
	if (status.kind === 'model') {
		const share = status.fraction === undefined ? '' : `, ${formatPercent(status.fraction)}`;
		return `${status.model}: ${status.activity}${share}`;
	}

	if (status.kind === 'download') return `${status.name}: ${formatReceived(status)}`;

	const fraction = fractionOf(status);
	const place = status.count > 1 ? ` (${status.position} of ${status.count})` : '';
	const share = fraction === undefined ? '' : `${formatPercent(fraction)}, `;
	return `${status.name}${place}: ${share}${formatAdvance(status)}`;
}
