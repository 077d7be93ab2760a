import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import * as z from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {formatConfigFile} from '../../../server/config/format-config-file.js';
import {CONFIG_FILE_NAME} from '../../../server/config/load-server-settings.js';
import {readConfigFile} from '../../../server/config/read-config-file.js';
import {resolveServerSettings} from '../../../server/config/resolve-server-settings.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {resolveConfigDirectory, resolveHomeDirectory} from '../../resolve-home-directory.js';
import {writeText} from '../../write-text.js';

const schema = z.object({
	user: z.boolean().default(false),
	from: z.string().min(1, 'must name a file').optional(),
	print: z.boolean().default(false),
	force: z.boolean().default(false),
});

/** @throws {InfinisstError} `OUTPUT_UNWRITABLE`, also for a file that is there; for the file of `--from`. */
export async function runConfigCreate(
	file: string | undefined,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'stderr' | 'env' | 'cwd' | 'signal'>,
): Promise<void> {
	const {user, from, print, force} = parseOptions(schema, flags);
	if (user && file !== undefined) {
		throw new InfinisstError('OPTION_INVALID', `Both --user and ${file} say where to write`, {
			hint: 'Leave out one of them.',
		});
	}

	const text = await composeFile(from, context);
	if (print) {
		await writeText(context.stdout, text, context.signal);
		return;
	}

	const path = user
		? join(resolveConfigDirectory(context), CONFIG_FILE_NAME)
		: resolve(context.cwd, file ?? CONFIG_FILE_NAME);
	await writeNewFile(path, text, force);
	await writeText(context.stdout, `Wrote ${path}\n`, context.signal);
}

async function composeFile(
	from: string | undefined,
	context: Pick<CommandContext, 'stderr' | 'env' | 'cwd'>,
): Promise<string> {
	const dataDirectory = resolveHomeDirectory(context);
	if (from === undefined) return formatConfigFile(resolveServerSettings([], dataDirectory).values);
	const path = resolve(context.cwd, from);
	const layer = await readConfigFile(path, 'project file');
	if (layer === undefined) {
		throw new InfinisstError('INPUT_UNREADABLE', `There is no file ${path} (--from)`, {
			hint: 'Check its name.',
		});
	}
	for (const note of layer.notes) context.stderr.write(`infinisst: ${note}\n`);
	return formatConfigFile(resolveServerSettings([layer.values], dataDirectory).values);
}

async function writeNewFile(path: string, text: string, force: boolean): Promise<void> {
	try {
		await mkdir(dirname(path), {recursive: true});
		await writeFile(path, text, {flag: force ? 'w' : 'wx'});
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		throw code === 'EEXIST'
			? new InfinisstError('OUTPUT_UNWRITABLE', `There is a file ${path} already`, {
					hint: 'Name another, or replace it with --force.',
				})
			: new InfinisstError('OUTPUT_UNWRITABLE', `Cannot write ${path}: ${message}`, {
					hint: 'Name another file.',
					cause: error,
				});
	}
}
