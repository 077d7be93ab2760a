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
	const {env, cwd} = context;
	return openStore({
		rootDirectory: resolveHomeDirectory(context),
		workingDirectory: cwd,
		environment: env,
		hub: {
			endpoint: parseEndpoint(env['HF_ENDPOINT']),
			token: parseToken(env['HF_TOKEN']),
			proxy: {
				httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'],
				httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'],
				noProxy: env['no_proxy'] ?? env['NO_PROXY'],
			},
		},
	});
}

/** A token read from a file usually ends in a line break, which no header may hold. */
function parseToken(value: string | undefined): string | undefined {
	const token = value?.trim();
	return token === '' ? undefined : token;
}

function parseEndpoint(value: string | undefined): string | undefined {
	if (!value) return undefined;
	if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
	throw new InfinisstError('OPTION_INVALID', `HF_ENDPOINT is "${value}", which is no web address.`, {
		hint: 'Set it to one such as https://huggingface.co, or unset it.',
	});
}
