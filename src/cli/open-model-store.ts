import {InfinisstError} from '../core/errors.js';
import {openModelStore as openStore, type ModelStore} from '../core/models/model-store.js';
import type {CommandContext} from './command-context.js';
import {resolveHomeDirectory} from './resolve-home-directory.js';

/**
 * The model store as the environment describes it: `INFINISST_HOME`, `HF_ENDPOINT`, `HF_TOKEN`,
 * `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` (in small letters as well).
 *
 * @throws {InfinisstError} `OPTION_INVALID` if `HF_ENDPOINT` is no web address.
 */
export function openModelStore(context: Pick<CommandContext, 'env' | 'cwd'>): ModelStore {
	const {env} = context;
	return openStore({
		rootDirectory: resolveHomeDirectory(context),
		environment: env,
		hub: {
			endpoint: parseEndpoint(env['HF_ENDPOINT']),
			token: env['HF_TOKEN']?.trim() || undefined,
			proxy: {
				httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'],
				httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'],
				noProxy: env['no_proxy'] ?? env['NO_PROXY'],
			},
		},
	});
}

function parseEndpoint(value: string | undefined): string | undefined {
	if (!value) return undefined;
	if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
	throw new InfinisstError('OPTION_INVALID', `HF_ENDPOINT is "${value}", which is no web address.`, {
		hint: 'Set it to one such as https://huggingface.co, or unset it.',
	});
}
