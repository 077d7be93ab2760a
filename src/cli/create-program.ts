import {Command} from 'commander';

import type {CommandContext} from './command-context.js';
import {registerCompat} from './commands/compat.js';
import {registerConfig} from './commands/config.js';
import {registerDoctor} from './commands/doctor.js';
import {registerHistory} from './commands/history.js';
import {registerModels} from './commands/models.js';
import {registerServe} from './commands/serve.js';
import {registerStatus} from './commands/status.js';
import {registerTranslate} from './commands/translate.js';
import {registerWorker} from './commands/worker.js';
import {registerYoutube} from './commands/youtube.js';
import {readVersion} from './read-version.js';
import type {RunOutcome} from './run-outcome.js';

/**
 * The command line as commander sees it: names, flags and descriptions only. Each command's work is behind
 * an `import()`, so that `--help` and `--version` start as fast as Node does (bench/startup).
 */
export function createProgram(context: CommandContext, outcome: RunOutcome): Command {
	const program = new Command('infinisst')
		.description('Translates speech into text: recordings, live streams and servers.')
		.version(readVersion(), '-V, --version', 'print the version')
		.helpOption('-h, --help', 'print this help')
		.helpCommand('help [command]', 'print the help of a command')
		.exitOverride()
		.configureOutput({
			writeOut: text => void context.stdout.write(text),
			writeErr: text => void context.stderr.write(text),
			// main() reports every failure itself, in one style.
			outputError: () => undefined,
			getOutHelpWidth: () => context.stdout.columns ?? 80,
			getErrHelpWidth: () => context.stderr.columns ?? 80,
			getOutHasColors: () => false,
			getErrHasColors: () => false,
		});
	registerTranslate(program, context, outcome);
	registerYoutube(program, context, outcome);
	registerServe(program, context);
	registerStatus(program, context);
	registerCompat(program, context, outcome);
	registerConfig(program, context);
	registerModels(program, context);
	registerHistory(program, context);
	registerWorker(program, context);
	registerDoctor(program, context, outcome);
	return program;
}
