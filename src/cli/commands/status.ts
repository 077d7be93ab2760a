import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';

/** `infinisst status`: the flags; the work is in `status/`, loaded when the command runs. */
export function registerStatus(parent: Command, context: CommandContext): void {
	parent
		.command('status')
		.description('print how a running server is: sessions, replicas, models')
		.option('--server <address>', 'where it is (default: http://127.0.0.1:8000)')
		.option('--api-key <key>', 'key that it wants (default: INFINISST_API_KEY)')
		.option('--all', 'also models that would have to be fetched')
		.option('--json', 'print an object')
		.action(async (flags: unknown) => {
			const {runStatus} = await import('./status/run-status.js');
			await runStatus(flags, context);
		});
}
