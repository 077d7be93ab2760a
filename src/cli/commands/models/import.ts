import {resolve} from 'node:path';

import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {longRunFlags} from './model-flags.js';
import {withModelRun, type ModelRunContext} from './model-run.js';

const schema = z.object({
	name: z.string().min(1, 'must be a name').optional(),
	...longRunFlags,
});

export async function runModelsImport(
	path: string,
	flags: unknown,
	context: ModelRunContext & Pick<CommandContext, 'cwd' | 'openModelStore'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const store = await context.openModelStore();
	await withModelRun(options, context, async run => {
		const {onEvent} = run;
		const {signal} = context;
		const model = await store.importFrom(resolve(context.cwd, path), {name: options.name, signal, onEvent});
		await run.printResult(`${model.name} is installed: ${formatBytes(model.sizeBytes)}, from ${path}`, {
			type: 'model-imported',
			model: model.name,
			sizeBytes: model.sizeBytes,
		});
	});
}
