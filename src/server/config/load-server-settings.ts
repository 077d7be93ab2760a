import {join, resolve} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import type {ReadLayer} from './configured-value.js';
import {readConfigFile} from './read-config-file.js';
import {readEnvironment, readFlags, type SettingFlag} from './read-text-settings.js';
import {resolveServerSettings, type ResolvedSettings} from './resolve-server-settings.js';

export const CONFIG_FILE_NAME = 'infinisst.config.json';

export interface ConfigSources {
	readonly flags: readonly SettingFlag[];
	/** Named by `--config`; takes the place of the project's. */
	readonly configFile: string | undefined;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	/** Absolute; holds the user's own file. */
	readonly userDirectory: string;
	/** Absolute; see {@link resolveServerSettings}. */
	readonly dataDirectory: string;
}

export interface LoadedSettings extends ResolvedSettings {
	/** Sentences about what was left out or understood otherwise than it was written. */
	readonly notes: readonly string[];
	/** That were read, those that win first; absolute. */
	readonly files: readonly string[];
}

/**
 * Reads all there is about a server: flag before environment before project file before user file before default.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, `INPUT_UNREADABLE`.
 */
export async function loadServerSettings(sources: ConfigSources): Promise<LoadedSettings> {
	const {flags, env, cwd, userDirectory, dataDirectory} = sources;
	const variable = env['INFINISST_CONFIG'];
	const named = sources.configFile ?? (variable === '' ? undefined : variable);
	const projectFile = resolve(cwd, named ?? CONFIG_FILE_NAME);
	const userFile = join(userDirectory, CONFIG_FILE_NAME);
	const project = await readConfigFile(projectFile, 'project file');
	if (project === undefined && named !== undefined) {
		const place = sources.configFile === undefined ? 'INFINISST_CONFIG' : '--config';
		throw new InfinisstError('INPUT_UNREADABLE', `There is no file ${projectFile} (${place})`, {
			hint: `Make one with "infinisst config create ${named}".`,
		});
	}

	const user = projectFile === userFile ? undefined : await readConfigFile(userFile, 'user file');
	const layers: ReadLayer[] = [readFlags(flags, cwd), readEnvironment(env, cwd)];
	const files: string[] = [];
	for (const [file, layer] of [
		[projectFile, project],
		[userFile, user],
	] as const) {
		if (layer === undefined) continue;
		layers.push(layer);
		files.push(file);
	}

	return {
		...resolveServerSettings(
			layers.map(({values}) => values),
			dataDirectory,
		),
		notes: layers.flatMap(({notes}) => notes),
		files,
	};
}
