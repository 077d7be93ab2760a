import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {VerificationReport} from '../../../core/models/store/verify-model.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {commonFlags} from './model-flags.js';

const schema = z.object(commonFlags);

/** Reports on every model before it throws about the damaged ones. */
export async function runModelsVerify(
	names: readonly string[],
	flags: unknown,
	{stdout, signal, openModelStore}: Pick<CommandContext, 'stdout' | 'signal' | 'openModelStore'>,
): Promise<void> {
	const {json} = parseOptions(schema, flags);
	const store = await openModelStore();
	const installed = (await store.list()).filter(model => model.isInstalled).map(model => model.name);
	const damaged: string[] = [];
	for (const name of names.length > 0 ? names : installed) {
		const report = await store.verify(name, {signal});
		if (!report.isIntact) damaged.push(name);
		await writeText(stdout, json ? `${JSON.stringify(report)}\n` : formatReport(report), signal);
	}
	if (damaged.length === 0) return;
	throw new InfinisstError('MODEL_CORRUPT', `Damaged: ${damaged.join(', ')}.`, {
		hint: `Run "infinisst models rm ${damaged.join(' ')}", then pull or import again.`,
	});
}

function formatReport({name, isIntact, files}: VerificationReport): string {
	if (isIntact) return `${name}: all ${files.length} files are intact\n`;
	return files
		.filter(file => file.state !== 'intact')
		.map(file => `${name}: ${file.path} ${PROBLEMS[file.state as keyof typeof PROBLEMS]}\n`)
		.join('');
}

const PROBLEMS = {
	missing: 'is missing',
	'wrong-size': 'has another size',
	'wrong-hash': 'has other bytes',
} as const;
