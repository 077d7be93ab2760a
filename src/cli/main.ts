import {CommanderError, type Command} from 'commander';

import type {CommandContext} from './command-context.js';
import {createProgram} from './create-program.js';
import {describeError} from './describe-error.js';
import {EXIT_BAD_INPUT, EXIT_OK} from './exit-codes.js';
import type {RunOutcome} from './run-outcome.js';
import {RunStop} from './run-stop.js';

/**
 * Runs one command line: the only place that turns a failure into text and an exit code.
 *
 * @param argv - the arguments after the program's name.
 * @returns the exit code; never rejects.
 */
export async function main(argv: readonly string[], context: CommandContext): Promise<number> {
	const outcome: RunOutcome = {exitCode: EXIT_OK};
	try {
		await createProgram(context, outcome).parseAsync(argv, {from: 'user'});
		return outcome.exitCode;
	} catch (error) {
		if (RunStop.is(error)) return error.exitCode;
		if (error instanceof CommanderError) {
			return reportUsageError(error, nameCommand(createProgram(context, outcome), argv), context);
		}
		const {text, exitCode} = describeError(error, context.env);
		context.stderr.write(`infinisst: ${text}\n`);
		return exitCode;
	}
}

/** The words that name a command: `infinisst models load`. */
function nameCommand(program: Command, argv: readonly string[]): string {
	const names = [program.name()];
	let command = program;
	for (const word of argv) {
		const next = command.commands.find(each => each.name() === word || each.aliases().includes(word));
		if (next === undefined) break;
		command = next;
		names.push(next.name());
	}
	return names.join(' ');
}

function reportUsageError(
	error: CommanderError,
	command: string,
	{stderr}: Pick<CommandContext, 'stderr'>,
): number {
	if (error.exitCode === 0) return EXIT_OK;
	// Help was already printed by commander.
	if (error.code === 'commander.help') return EXIT_BAD_INPUT;
	const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
	const what = first.replace(/\.$/, '');
	const next = suggestion?.replaceAll(/[()]/g, '') ?? `Run "${command} --help" to see what there is.`;
	stderr.write(`infinisst: ${what}. ${next}\n`);
	return EXIT_BAD_INPUT;
}
