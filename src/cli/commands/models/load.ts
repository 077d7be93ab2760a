import * as z from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {parseOptions} from '../../parse-options.js';
import {openRunView} from '../../render/run-view.js';
import {createServerClient, serverFlags} from '../../server-client.js';
import {writeText} from '../../write-text.js';
import {longRunFlags} from './model-flags.js';
import type {ModelRunContext} from './model-run.js';

const schema = z.object({...longRunFlags, ...serverFlags});

/** What the server tells, and what `--json` prints, one a line: a published format (docs/server.md). */
const eventSchema = z.object({
	model: z.string(),
	state: z.enum(['needs_download', 'available', 'loading', 'loaded', 'failed']),
	activity: z.string().nullable(),
	fraction: z.number().nullable(),
	error: z.object({message: z.string(), code: z.string().nullable()}).nullable(),
});

/**
 * Loads a model on a running server.
 *
 * @param model - its name, or a language pair.
 * @throws {InfinisstError} `MODEL_UNAVAILABLE` if the server could not load it; for the server.
 */
export async function runModelsLoad(model: string, flags: unknown, context: ModelRunContext): Promise<void> {
	const {json, quiet, ...address} = parseOptions(schema, flags);
	const events = createServerClient(address, context).post(
		`/v1/models/${encodeURIComponent(model)}/load`,
		eventSchema,
	);
	const view = json ? undefined : await openRunView(context, {quiet, color: false});
	let last: z.output<typeof eventSchema> | undefined;
	try {
		for await (const event of events) {
			last = event;
			if (view === undefined) await writeText(context.stdout, `${JSON.stringify(event)}\n`, context.signal);
			else if (event.activity !== null) {
				view.update({
					kind: 'model',
					model: event.model,
					activity: event.activity,
					fraction: event.fraction ?? undefined,
				});
			}
		}

		if (last?.state !== 'loaded') throw describeEnd(last?.model ?? model, last?.error?.message);
		await view?.printResult(`${last.model} is loaded at ${address.server}\n`);
	} finally {
		await view?.close();
	}
}

function describeEnd(model: string, message: string | undefined): InfinisstError {
	if (message !== undefined)
		return new InfinisstError('MODEL_UNAVAILABLE', `The server could not load ${model}: ${message}`);
	return new InfinisstError('PEER_UNREACHABLE', `The server left before ${model} was loaded`, {
		hint: 'See its log, then try again.',
	});
}
