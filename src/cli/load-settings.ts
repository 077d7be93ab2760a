import {loadServerSettings, type LoadedSettings} from '../server/config/load-server-settings.js';
import type {SettingFlag} from '../server/config/read-text-settings.js';
import type {CommandContext} from './command-context.js';
import {resolveConfigDirectory, resolveHomeDirectory} from './resolve-home-directory.js';

export interface SettingSources {
	/** Named by `--config`. */
	readonly configFile: string | undefined;
	readonly settings: readonly SettingFlag[];
}

/**
 * The settings of a server, from all places where this program looks for them.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, `INPUT_UNREADABLE`.
 */
export function loadSettings(
	{configFile, settings}: SettingSources,
	context: Pick<CommandContext, 'env' | 'cwd'>,
): Promise<LoadedSettings> {
	return loadServerSettings({
		flags: settings,
		configFile,
		env: context.env,
		cwd: context.cwd,
		userDirectory: resolveConfigDirectory(context),
		dataDirectory: resolveHomeDirectory(context),
	});
}
