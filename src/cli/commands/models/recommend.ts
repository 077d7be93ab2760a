import {availableParallelism, totalmem} from 'node:os';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {parseLanguageRequest} from '../../../core/language/parse-language-request.js';
import {recommendModels, type Recommendation} from '../../../core/models/catalogue/recommend-models.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {formatTable} from './format-table.js';
import {commonFlags} from './model-flags.js';

const schema = z.object({
	...commonFlags,
	from: z.string().optional(),
	to: z.string().optional(),
	memory: z.string().optional(),
	cores: wholeNumber(1, 1024).optional(),
});

/** Models leave room for the rest of the machine. */
const SHARE_OF_MEMORY = 0.5;

/** Prints which models suit a pair of languages on this machine, the best first. */
export async function runModelsRecommend(
	flags: unknown,
	{stdout, signal, openModelStore}: Pick<CommandContext, 'stdout' | 'signal' | 'openModelStore'>,
): Promise<void> {
	const {json, from, to, memory, cores = availableParallelism()} = parseOptions(schema, flags);
	if (to?.includes(',') === true) {
		throw new InfinisstError('OPTION_INVALID', `--to is one language here, not "${to}"`, {
			hint: 'Ask for each; models for several are joined by + behind the one that hears.',
		});
	}
	const {source, target} = parseLanguageRequest({from, to});
	const memoryBytes = memory === undefined ? totalmem() * SHARE_OF_MEMORY : parseMemory(memory);
	const store = await openModelStore();
	const recommended = recommendModels(await store.list(), {source, target, memoryBytes, cores});
	const text = json
		? recommended.map(each => `${JSON.stringify(each)}\n`).join('')
		: formatTable(
				['MODEL', 'MEMORY', 'OF A CORE', 'TO FETCH', 'LICENCE', ''],
				recommended.map((each, index) => formatRow(each, index === 0)),
			);
	await writeText(stdout, text, signal);
}

function formatRow(
	{name, memoryBytes, load, downloadBytes, licences, isInstalled}: Recommendation,
	isFirst: boolean,
): string[] {
	return [
		name,
		`about ${formatBytes(memoryBytes)}`,
		`about ${Math.round(load * 100)} %`,
		isInstalled ? 'installed' : formatBytes(downloadBytes),
		licences.join(', '),
		isFirst ? 'recommended' : '',
	];
}

/** `4G`, `500MB`. @throws {InfinisstError} `OPTION_INVALID`. */
function parseMemory(text: string): number {
	const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?$/i.exec(text.trim()) ?? [];
	if (number === undefined || unit === '') {
		throw new InfinisstError('OPTION_INVALID', `--memory must be a size such as 4G or 500MB, not "${text}"`, {
			hint: 'It is what the models may take.',
		});
	}
	return Number(number) * 1000 ** ('KMGT'.indexOf(unit.toUpperCase()) + 1);
}
