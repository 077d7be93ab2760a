import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import {DEFAULT_PRECISION, PRECISIONS, type Precision} from '../../../core/models/precision.js';
import {splitCombination} from '../../../core/models/store/combination.js';
import {describeOrigin} from '../../../core/models/store/model-manifest.js';
import type {CommandContext} from '../../command-context.js';
import {oneOf, parseOptions} from '../../parse-options.js';
import {longRunFlags} from './model-flags.js';
import {withModelRun, type ModelRunContext} from './model-run.js';

const schema = z.object({
	precision: oneOf(['auto', ...PRECISIONS])
		.default('auto')
		.transform((precision): Precision => (precision === 'auto' ? DEFAULT_PRECISION : precision)),
	...longRunFlags,
});

/** Fetches the models one after another and builds their graphs; stops at the first that fails. */
export async function runModelsPull(
	names: readonly string[],
	flags: unknown,
	context: ModelRunContext & Pick<CommandContext, 'openModelStore'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const store = await context.openModelStore();
	const {signal} = context;
	await withModelRun(options, context, async run => {
		const {onEvent} = run;
		// All names first: a mistyped one is no news to hear after an hour of downloading.
		const wanted = names.length > 0 ? names.flatMap(splitCombination) : [store.catalogue.defaultModel];
		for (const name of wanted) await store.resolve(name);
		for (const name of wanted) {
			const model = await store.pull(name, {signal, onEvent});
			const {precision} = options;
			const graphsDirectory = await store.ensureGraphs(model.name, precision, {signal, onEvent});
			await run.printResult(
				`${model.name} is ready (${precision}): ${formatBytes(model.sizeBytes)}, ${describeOrigin(model.origin)}`,
				{type: 'model-ready', model: model.name, precision, graphsDirectory},
			);
		}
	});
}
