import {resolve} from 'node:path';

import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {longRunFlags} from './model-flags.js';
import {withModelRun, type ModelRunContext} from './model-run.js';

const schema = z.object({
	output: z.string().min(1, 'must be a file'),
	...longRunFlags,
});

export async function runModelsExport(
	name: string,
	flags: unknown,
	context: ModelRunContext & Pick<CommandContext, 'cwd' | 'openModelStore'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const store = await context.openModelStore();
	await withModelRun(options, context, async run => {
		const {onEvent} = run;
		const {signal} = context;
		const file = resolve(context.cwd, options.output);
		const {sizeBytes} = await store.exportTo(name, file, {signal, onEvent});
		await run.printResult(`${name} is in ${options.output}: ${formatBytes(sizeBytes)}`, {
			type: 'model-exported',
			model: name,
			file,
			sizeBytes,
		});
	});
}
