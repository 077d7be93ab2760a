import {InfinisstError} from '../../../core/errors.js';
import {NO_RUN_RECORDER} from '../../../history/record/no-run-recorder.js';
import type {RunRecorder} from '../../../history/record/run-recorder.js';
import type {CommandContext} from '../../command-context.js';
import {RunStop} from '../../run-stop.js';
import type {TranslateOptions} from './translate-options.js';

/** Inputs that the history names; of more only how many there are. */
const MAX_NAMED_INPUTS = 10;

/** @param inputs - as given. */
export async function openRecorder(
	inputs: readonly string[],
	{history, languages, model, precision}: TranslateOptions,
	context: Pick<CommandContext, 'stderr' | 'openRunRecorder'>,
): Promise<RunRecorder> {
	if (!history) return NO_RUN_RECORDER;
	const more = inputs.length - MAX_NAMED_INPUTS;
	const named = [...inputs.slice(0, MAX_NAMED_INPUTS), ...(more > 0 ? [`(and ${more} more)`] : [])];
	const source = languages[0]?.source ?? 'auto';
	const targets = languages.map(({target}) => target).join(',');
	return context.openRunRecorder({
		command: 'translate',
		entrypoint: ['infinisst translate', ...named, '--from', source, '--to', targets].join(' '),
		metadata: {source, targets, precision, ...(model !== undefined && {model})},
		onWarning: message => void context.stderr.write(`infinisst: ${message}\n`),
	});
}

/** What the history is told of why a run or a part of it ended: somebody's wish is no fault. */
export function causeOf(error: unknown): unknown {
	return RunStop.is(error)
		? new InfinisstError('RESOURCE_CLOSED', `The run was stopped: ${error.message}`)
		: error;
}
