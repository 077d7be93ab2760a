import * as z from 'zod';

import {showValue} from '../../../server/config/check-setting.js';
import type {ConfiguredValue} from '../../../server/config/configured-value.js';
import {parseSetFlag} from '../../../server/config/read-text-settings.js';
import type {SettingPath} from '../../../server/config/settings-table.js';
import type {CommandContext} from '../../command-context.js';
import {loadSettings} from '../../load-settings.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {formatTable} from '../models/format-table.js';

const schema = z.object({
	config: z.string().min(1, 'must name a file').optional(),
	set: z.array(z.string()).default([]),
	origin: z.boolean().default(false),
	json: z.boolean().default(false),
});

export async function runConfigShow(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'stderr' | 'env' | 'cwd' | 'signal'>,
): Promise<void> {
	const {config, set, origin, json} = parseOptions(schema, flags);
	const {settings, values, notes} = await loadSettings(
		{configFile: config, settings: set.map(parseSetFlag)},
		context,
	);
	for (const note of notes) context.stderr.write(`infinisst: ${note}\n`);
	const text = json
		? `${JSON.stringify(origin ? Object.fromEntries([...values].map(describeValue)) : settings)}\n`
		: formatValues(values, origin);
	await writeText(context.stdout, text, context.signal);
}

function describeValue([path, {value, origin}]: readonly [SettingPath, ConfiguredValue]) {
	return [path, {value: value ?? null, origin: origin.kind, place: origin.place}] as const;
}

function formatValues(values: ReadonlyMap<SettingPath, ConfiguredValue>, withOrigin: boolean): string {
	const rows = [...values].map(([path, {value, origin}]) => {
		const shown = value === undefined ? 'none' : JSON.stringify(value);
		// A table with a column as wide as a list of hashes can be read by nobody.
		if (!withOrigin) return [path, shown];
		return [path, showValue(value ?? null).replace(/^null$/, 'none'), origin.kind, origin.place];
	});
	return formatTable(withOrigin ? ['SETTING', 'VALUE', 'ORIGIN', ''] : ['SETTING', 'VALUE'], rows);
}
