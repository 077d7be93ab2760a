import {execa} from 'execa';

/** As dates: `2026.10.26`. From here on the program wants to be told which JavaScript engine it may use. */
const TAKES_JAVASCRIPT_ENGINES = '2025.11.12';

/** A program that does not say its version within this time says nothing. */
const TIMEOUT_MS = 20_000;

/** Undefined if it cannot be started, or does not answer as yt-dlp does. */
export async function readYtDlpVersion(path: string, signal: AbortSignal): Promise<string | undefined> {
	const {stdout, failed} = await execa(path, ['--ignore-config', '--version'], {
		reject: false,
		stdin: 'ignore',
		timeout: TIMEOUT_MS,
		cancelSignal: signal,
	});
	signal.throwIfAborted();
	return failed ? undefined : /^\d{4}\.\d\d\.\d\d/.exec(stdout)?.[0];
}

/** Whether it can use the Node that runs this program for what sites hide in JavaScript. */
export function takesJavascriptEngines(version: string | undefined): boolean {
	return version !== undefined && version >= TAKES_JAVASCRIPT_ENGINES;
}
