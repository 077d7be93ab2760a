import * as z from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {CommandContext} from '../../command-context.js';
import {loadSettings} from '../../load-settings.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';

const schema = z.object({json: z.boolean().default(false)});

/** @throws {InfinisstError} what is wrong; with `--json` it is printed as well. */
export async function runConfigValidate(
	file: string | undefined,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'stderr' | 'env' | 'cwd' | 'signal'>,
): Promise<void> {
	const {json} = parseOptions(schema, flags);
	const print = (text: string): Promise<void> => writeText(context.stdout, text, context.signal);
	try {
		const {files, notes} = await loadSettings({configFile: file, settings: []}, context);
		if (json) {
			await print(`${JSON.stringify({valid: true, files, notes})}\n`);
			return;
		}
		for (const note of notes) context.stderr.write(`infinisst: ${note}\n`);
		await print(files.length === 0 ? 'Valid: no file, only defaults\n' : `Valid: ${files.join(', ')}\n`);
	} catch (error) {
		if (json && InfinisstError.is(error)) {
			const {code, message, hint} = error;
			await print(`${JSON.stringify({valid: false, code, message, hint: hint ?? null})}\n`);
		}
		throw error;
	}
}
