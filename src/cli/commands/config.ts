import type {Command} from 'commander';

import {collect} from '../collect-flag.js';
import type {CommandContext} from '../command-context.js';

/** `infinisst config`: the flags; the work is in `config/`, loaded when a command runs. */
export function registerConfig(parent: Command, context: CommandContext): void {
	const config = parent.command('config').description('write, show and check the settings of a server');
	config
		.command('create')
		.description('write a file with every setting, its meaning and its default')
		.argument('[file]', 'file to write (default: ./infinisst.config.json)')
		.option('--user', "write the user's own file, which all projects share")
		.option('--from <file>', "take values from this file, such as the original's ray_config.json")
		.option('--print', 'print it instead')
		.option('--force', 'replace a file that is there')
		.action(async (file: string | undefined, flags: unknown) => {
			const {runConfigCreate} = await import('./config/create.js');
			await runConfigCreate(file, flags, context);
		});
	config
		.command('show')
		.description('print the settings that a server here would have')
		.option('--config <file>', 'read this instead of ./infinisst.config.json')
		.option('--set <setting=value>', 'as for "infinisst serve"; again for more', collect)
		.option('--origin', 'also print where each value comes from')
		.option('--json', 'print an object')
		.action(async (flags: unknown) => {
			const {runConfigShow} = await import('./config/show.js');
			await runConfigShow(flags, context);
		});
	config
		.command('validate')
		.description('check a file, or all that a server here would read')
		.argument('[file]', 'file to check')
		.option('--json', 'print an object')
		.action(async (file: string | undefined, flags: unknown) => {
			const {runConfigValidate} = await import('./config/validate.js');
			await runConfigValidate(file, flags, context);
		});
	config
		.command('hash-key')
		.description('read a key from the standard input and print its entry for "apiKeys"')
		.option('--id <name>', 'how logs and limits name it')
		.option('--max-sessions <count>', 'sessions at once')
		.action(async (flags: unknown) => {
			const {runConfigHashKey} = await import('./config/hash-key.js');
			await runConfigHashKey(flags, context);
		});
}
