import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import type {ModelSummary} from '../../../core/models/model-store.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {commonFlags} from './model-flags.js';
import {formatTable} from './format-table.js';

const schema = z.object(commonFlags);

export async function runModelsList(
	flags: unknown,
	{stdout, signal, openModelStore}: Pick<CommandContext, 'stdout' | 'signal' | 'openModelStore'>,
): Promise<void> {
	const {json} = parseOptions(schema, flags);
	const store = await openModelStore();
	const models = await store.list();
	const text = json
		? models.map(model => `${JSON.stringify(model)}\n`).join('')
		: formatTable(
				['MODEL', 'STATE', 'SIZE', 'LANGUAGES', 'TASKS', 'LICENCE', ''],
				models.map(model => formatRow(model, model.name === store.catalogue.defaultModel)),
			);
	await writeText(stdout, text, signal);
}

function formatRow(model: ModelSummary, isDefault: boolean): string[] {
	return [
		isDefault ? `${model.name} (default)` : model.name,
		model.isInstalled ? `installed${formatPrecisions(model)}` : 'available',
		formatBytes(model.sizeBytes),
		model.languages.length === 1 ? model.languages[0]! : String(model.languages.length),
		model.tasks.join(', '),
		model.licence,
		model.description ?? '',
	];
}

function formatPrecisions({precisions}: ModelSummary): string {
	return precisions.length === 0 ? '' : `, ${precisions.join(', ')}`;
}
