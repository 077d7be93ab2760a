import {resolve} from 'node:path';
import {z} from 'zod';

import {formatBytes} from '../../../core/models/format-bytes.js';
import {installDashboard} from '../../../history/dashboard/install-dashboard.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {resolveDashboardsDirectory} from '../../resolve-home-directory.js';
import {writeText} from '../../write-text.js';

/** Each tenth of the wheel is told once. */
const PROGRESS_STEP_BYTES = 8_000_000;

const schema = z.object({
	wheel: z.string().optional(),
	rayVersion: z
		.string()
		.regex(/^\d+(\.\d+)+(rc\d+)?$/, 'must be a version of Ray such as 2.60.0')
		.optional(),
	json: z.boolean().default(false),
	quiet: z.boolean().default(false),
});

/** Makes the page of Ray's dashboard the one that `history serve` shows. */
export async function runHistoryDashboardInstall(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'stderr' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {wheel, rayVersion, json, quiet} = parseOptions(schema, flags);
	const {stdout, stderr, signal, env, cwd} = context;
	let toldBytes = 0;
	const tell = (text: string) => {
		if (!quiet) stderr.write(`infinisst: ${text}\n`);
	};
	const installed = await installDashboard({
		dashboardsDirectory: resolveDashboardsDirectory(context),
		wheel: wheel === undefined ? undefined : resolve(cwd, wheel),
		version: rayVersion,
		environment: env,
		signal,
		onFetch: version => tell(`fetching the wheel of Ray ${version} with pip`),
		onProgress(receivedBytes) {
			if (receivedBytes < toldBytes + PROGRESS_STEP_BYTES) return;
			toldBytes = receivedBytes;
			tell(`${formatBytes(receivedBytes)} of the wheel are here`);
		},
	});
	const text = json
		? `${JSON.stringify(installed)}\n`
		: `the dashboard of Ray ${installed.version} is ready, from ${installed.origin}\n`;
	await writeText(stdout, text, signal);
}
