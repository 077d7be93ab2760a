/** Resolves after a while, or sooner if the signal fires. */
export async function wait(durationMs: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	await new Promise<void>(resolve => {
		const timer = setTimeout(done, durationMs);
		signal.addEventListener('abort', done, {once: true});
		function done(): void {
			clearTimeout(timer);
			signal.removeEventListener('abort', done);
			resolve();
		}
	});
}
