import type {CommandContext} from '../../command-context.js';
import {EXIT_OK} from '../../exit-codes.js';

export async function runTranslate(
	_inputs: readonly string[],
	_flags: unknown,
	_context: CommandContext,
): Promise<number> {
	return Promise.resolve(EXIT_OK);
}
