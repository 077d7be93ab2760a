import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';
import type {RunOutcome} from '../run-outcome.js';

/** `infinisst compat`: the flags; the work is in `compat/`, loaded when the command runs. */
export function registerCompat(parent: Command, context: CommandContext, outcome: RunOutcome): void {
	parent
		.command('compat')
		.description('check whether a server keeps the translation API, rule by rule')
		.argument('[url]', 'where it is, such as http://127.0.0.1:8000 (default: a server of our own)')
		.option('--only <pattern>', 'checks whose names fit, such as wss.eof-flushes or "wss.*"')
		.option('--list', 'print the checks there are')
		.option('--language-pair <pair>', 'to translate, as the server writes it (default: one that is loaded)')
		.option('--api-key <key>', 'key that the server wants (default: INFINISST_API_KEY)')
		.option('--timeout <seconds>', 'for each check (default: 120)')
		.option('--max-sessions <count>', 'opened at most to see what a full server does (default: 64)')
		.option('--idle <seconds>', 'wait for sessions to be removed that were left for so long')
		.option('--test-video <name>', 'a file that GET /test_video/ has')
		.option('--video-url <url>', 'a short video that POST /download_youtube may fetch')
		.option('--json', 'print an object for each check')
		.option('--junit <file>', 'also write the results as JUnit XML')
		.action(async (url: string | undefined, flags: unknown) => {
			const {runCompat} = await import('./compat/run-compat.js');
			outcome.exitCode = await runCompat(url, flags, context);
		});
}
