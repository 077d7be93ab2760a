import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';
import type {RunOutcome} from '../run-outcome.js';

/** `infinisst doctor`: the flags; the work is in `doctor/`, loaded when the command runs. */
export function registerDoctor(parent: Command, context: CommandContext, outcome: RunOutcome): void {
	parent
		.command('doctor')
		.description('check what this machine has, and say what to do about what it lacks')
		.option('--json', 'print one object a line')
		.action(async (flags: unknown) => {
			const {runDoctor} = await import('./doctor/run-doctor.js');
			outcome.exitCode = await runDoctor(flags, context);
		});
}
