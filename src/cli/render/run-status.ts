/** What a run is doing right now; data for the views. */
export type RunStatus =
	| {
			readonly kind: 'model';
			readonly model: string;
			/** For people: "fetching model.bin". */
			readonly activity: string;
			/** 0..1; undefined while the amount of work is not known. */
			readonly fraction: number | undefined;
	  }
	| {
			readonly kind: 'download';
			readonly name: string;
			readonly receivedBytes: number;
			readonly totalBytes: number | undefined;
	  }
	| {
			readonly kind: 'recording';
			readonly name: string;
			/** Counts from 1. */
			readonly position: number;
			readonly count: number;
			/** Of the audio: how much is done, and how much there is where that is known. */
			readonly processedMs: number;
			readonly durationMs: number | undefined;
			/** Wall time spent on this recording. */
			readonly elapsedMs: number;
			/** Name of the language spoken, once known. */
			readonly language: string | undefined;
	  };

export type DownloadStatus = Extract<RunStatus, {kind: 'download'}>;

export type RecordingStatus = Extract<RunStatus, {kind: 'recording'}>;

/** 0..1; undefined where the length is not known. */
export function fractionOf({processedMs, durationMs}: RecordingStatus): number | undefined {
	return durationMs === undefined || durationMs <= 0 ? undefined : Math.min(processedMs / durationMs, 1);
}

/** How many times faster than the audio plays; undefined before anything is done. */
export function speedOf({processedMs, elapsedMs}: RecordingStatus): number | undefined {
	return processedMs > 0 && elapsedMs > 0 ? processedMs / elapsedMs : undefined;
}

/** Wall time that the rest will take if it goes on as it went so far, in ms; undefined while nobody can tell. */
export function remainingMs(status: RecordingStatus): number | undefined {
	const speed = speedOf(status);
	if (speed === undefined || status.durationMs === undefined) return undefined;
	return Math.max(status.durationMs - status.processedMs, 0) / speed;
}
