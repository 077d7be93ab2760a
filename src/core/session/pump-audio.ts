import type {EngineSession} from '../engine/engine.js';

export interface PumpOptions {
	/** Fires when no more shall be heard: what was written by then is all there is. */
	readonly stop: AbortSignal;
	/** Called with each block just before the session gets it. */
	readonly onBlock?: (samples: Float32Array) => void;
}

/**
 * Hands audio to a session until the audio ends or `stop` fires, then ends the session, which makes final what
 * it has heard. A slow session slows the audio down. If the audio fails, the session ends too, because what
 * was said before is worth as much as ever.
 *
 * @param samples - mono float32 at 16 kHz; read to its end or cancelled.
 * @throws what the audio or the session threw, after it has ended the session.
 */
export async function pumpAudio(
	samples: ReadableStream<Float32Array>,
	session: Pick<EngineSession, 'write' | 'end'>,
	{stop, onBlock}: PumpOptions,
): Promise<void> {
	const reader = samples.getReader();
	// Ends the read that waits, if nobody speaks.
	const cancel = (): void => void reader.cancel(stop.reason).catch(() => undefined);
	if (stop.aborted) cancel();
	stop.addEventListener('abort', cancel, {once: true});
	try {
		for (;;) {
			const {done, value} = await reader.read();
			if (done || stop.aborted) break;
			onBlock?.(value);
			await session.write(value);
		}
	} finally {
		stop.removeEventListener('abort', cancel);
		await reader.cancel(stop.reason).catch(() => undefined);
		session.end();
	}
}
