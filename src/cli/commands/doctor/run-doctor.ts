import * as z from 'zod';

import type {CommandContext} from '../../command-context.js';
import {EXIT_FAULT, EXIT_OK} from '../../exit-codes.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {CHECKS, findingOf, type Check, type DoctorContext, type Finding} from './checks.js';

const schema = z.object({json: z.boolean().default(false)});

/**
 * The work of `infinisst doctor`: each check is told as soon as it is done.
 *
 * @returns the exit code: a fault if something is missing without which nothing works.
 */
export async function runDoctor(
	flags: unknown,
	context: DoctorContext & Pick<CommandContext, 'stdout'>,
	checks: readonly Check[] = CHECKS,
): Promise<number> {
	const {json} = parseOptions(schema, flags);
	let exitCode = EXIT_OK;
	for (const check of checks) {
		context.signal.throwIfAborted();
		const finding = await check.run(context).catch((error: unknown) => {
			context.signal.throwIfAborted();
			return findingOf(error);
		});
		if (!finding.isOk && check.isRequired) exitCode = EXIT_FAULT;
		await writeText(
			context.stdout,
			json ? formatJson(check, finding) : formatLine(check, finding),
			context.signal,
		);
	}
	return exitCode;
}

function formatLine({name, isRequired}: Check, {isOk, detail, hint}: Finding): string {
	const status = isOk ? 'ok' : isRequired ? 'missing' : 'optional';
	return `${status.padEnd(10)}${name.padEnd(16)}${detail}${hint === undefined ? '' : `. ${hint}`}\n`;
}

function formatJson({name, isRequired}: Check, {isOk, detail, hint}: Finding): string {
	const status = isOk ? 'ok' : 'missing';
	return `${JSON.stringify({check: name, status, required: isRequired, detail, hint: hint ?? null})}\n`;
}
