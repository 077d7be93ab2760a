import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';

/** `infinisst models`: the flags; the work is in `models/`, loaded when a command runs. */
export function registerModels(parent: Command, context: CommandContext): void {
	const models = parent.command('models').description('fetch, list, check, carry and remove models');
	registerPull(models, context);
	registerList(models, context);
	registerRecommend(models, context);
	registerShow(models, context);
	registerRemove(models, context);
	registerVerify(models, context);
	registerImport(models, context);
	registerExport(models, context);
	registerLoad(models, context);
}

function registerPull(models: Command, context: CommandContext): void {
	models
		.command('pull')
		.description('fetch models and make them ready to run')
		.argument(
			'[models...]',
			'names of "infinisst models list", hub repositories (owner/name[@revision]) or folders (default: whisper-base)',
		)
		.option('--precision <precision>', 'auto, fp32, fp16w, int8, q8 or q4', 'auto')
		.option('--json', 'print one event a line')
		.option('--quiet', 'print no progress')
		.action(async (names: string[], flags: unknown) => {
			const {runModelsPull} = await import('./models/pull.js');
			await runModelsPull(names, flags, context);
		});
}

function registerList(models: Command, context: CommandContext): void {
	models
		.command('list')
		.description('list installed models and those that can be fetched')
		.option('--json', 'print one model a line, as an object')
		.action(async (flags: unknown) => {
			const {runModelsList} = await import('./models/list.js');
			await runModelsList(flags, context);
		});
}

function registerRecommend(models: Command, context: CommandContext): void {
	models
		.command('recommend')
		.description('say which models suit a pair of languages on this machine')
		.option('--from <language>', 'language spoken (default: any)')
		.option('--to <language>', 'language to write, or same for captions (default: en)')
		.option('--memory <size>', 'what the models may take, such as 4G (default: half of the machine)')
		.option('--cores <number>', 'processors to reckon with (default: those of the machine)')
		.option('--json', 'print one recommendation a line, as an object')
		.action(async (flags: unknown) => {
			const {runModelsRecommend} = await import('./models/recommend.js');
			await runModelsRecommend(flags, context);
		});
}

function registerShow(models: Command, context: CommandContext): void {
	models
		.command('show')
		.description('print what is known of a model: languages, licence, sources, files')
		.argument('<model>', 'its name')
		.option('--json', 'print one object')
		.action(async (name: string, flags: unknown) => {
			const {runModelsShow} = await import('./models/show.js');
			await runModelsShow(name, flags, context);
		});
}

function registerRemove(models: Command, context: CommandContext): void {
	models
		.command('rm')
		.description('delete installed models, without asking')
		.argument('<models...>', 'their names')
		.option('--json', 'print one object for each model')
		.action(async (names: string[], flags: unknown) => {
			const {runModelsRemove} = await import('./models/rm.js');
			await runModelsRemove(names, flags, context);
		});
}

function registerVerify(models: Command, context: CommandContext): void {
	models
		.command('verify')
		.description('read installed models and compare every byte with what was fetched')
		.argument('[models...]', 'their names (default: all that are installed)')
		.option('--json', 'print one report a line')
		.action(async (names: string[], flags: unknown) => {
			const {runModelsVerify} = await import('./models/verify.js');
			await runModelsVerify(names, flags, context);
		});
}

function registerImport(models: Command, context: CommandContext): void {
	models
		.command('import')
		.description('install a model from a bundle or a folder, without a network')
		.argument('<path>', 'file made by "infinisst models export", or folder with weights')
		.option('--name <name>', 'name it gets here (default: that of the bundle or folder)')
		.option('--json', 'print one event a line')
		.option('--quiet', 'print no progress')
		.action(async (path: string, flags: unknown) => {
			const {runModelsImport} = await import('./models/import.js');
			await runModelsImport(path, flags, context);
		});
}

function registerExport(models: Command, context: CommandContext): void {
	models
		.command('export')
		.description('write an installed model into one file, for a machine without a network')
		.argument('<model>', 'its name')
		.requiredOption('--output <file>', 'file to write')
		.option('--json', 'print one event a line')
		.option('--quiet', 'print no progress')
		.action(async (name: string, flags: unknown) => {
			const {runModelsExport} = await import('./models/export.js');
			await runModelsExport(name, flags, context);
		});
}

function registerLoad(models: Command, context: CommandContext): void {
	models
		.command('load')
		.description('load a model on a running server')
		.argument('<model>', 'its name, or what it shall do, such as "German -> English"')
		.option('--server <address>', 'where the server is (default: http://127.0.0.1:8000)')
		.option('--api-key <key>', 'key that it wants (default: INFINISST_API_KEY)')
		.option('--json', 'print one event a line')
		.option('--quiet', 'print no progress')
		.action(async (name: string, flags: unknown) => {
			const {runModelsLoad} = await import('./models/load.js');
			await runModelsLoad(name, flags, context);
		});
}
