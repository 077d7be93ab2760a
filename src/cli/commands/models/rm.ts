import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {commonFlags} from './model-flags.js';

const schema = z.object(commonFlags);

/** Removes the models one after another; stops at the first that is not there. */
export async function runModelsRemove(
	names: readonly string[],
	flags: unknown,
	{stdout, signal, openModelStore}: Pick<CommandContext, 'stdout' | 'signal' | 'openModelStore'>,
): Promise<void> {
	const {json} = parseOptions(schema, flags);
	const store = await openModelStore();
	for (const name of names) {
		const removed = await store.remove(name, {signal});
		const text = json
			? JSON.stringify(removed)
			: `Removed ${name}, ${formatBytes(removed.freedBytes)} are free again`;
		await writeText(stdout, `${text}\n`, signal);
	}
}
