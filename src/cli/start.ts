import {createProcessContext} from './command-context.js';
import {main} from './main.js';

/** Runs the command line of the real process. @returns the exit code. */
export function start(): Promise<number> {
	return main(process.argv.slice(2), createProcessContext());
}
