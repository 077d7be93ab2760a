import {InfinisstError} from '../../core/errors.js';
import {closestNames} from '../../core/util/closest-names.js';
import {checkSettingText, suggestSetting} from './check-setting.js';
import type {ConfiguredValue, ReadLayer} from './configured-value.js';
import {isSettingPath, SETTING_PATHS, variableOfSetting, type SettingPath} from './settings-table.js';

const PREFIX = 'INFINISST_';

/** Variables of this program that are no settings of a server. */
const OTHER_VARIABLES = new Set([
	'INFINISST_HOME',
	'INFINISST_DEBUG',
	'INFINISST_CONFIG',
	// What clients send.
	'INFINISST_API_KEY',
]);

/**
 * Settings that variables such as `INFINISST_LIMITS_MAX_SESSIONS` hold; those that are empty count as not set.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, naming the variable.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>, cwd: string): ReadLayer {
	const values = new Map<SettingPath, ConfiguredValue>();
	/** Without the prefix, which would make all of them alike. */
	const names = new Set<string>();
	for (const path of SETTING_PATHS) {
		const name = variableOfSetting(path);
		names.add(name.slice(PREFIX.length));
		const text = env[name];
		if (text === undefined || text.trim() === '') continue;
		values.set(path, {
			value: checkSettingText(path, text, {name, where: 'there', directory: cwd}),
			origin: {kind: 'environment', place: name},
		});
	}

	const notes: string[] = [];
	for (const name of Object.keys(env)) {
		if (!name.startsWith(PREFIX) || OTHER_VARIABLES.has(name)) continue;
		if (names.has(name.slice(PREFIX.length))) continue;
		const [meant] = closestNames(name.slice(PREFIX.length), names);
		// Others may have variables of their own that begin so.
		if (meant !== undefined) {
			notes.push(`${name} is no setting and was ignored. Did you mean ${PREFIX}${meant}?`);
		}
	}
	return {values, notes};
}

/** A setting as a flag gives it. */
export interface SettingFlag {
	readonly path: SettingPath;
	/** As it was written: `--port`. */
	readonly flag: string;
	readonly text: string;
}

/** @throws {InfinisstError} `OPTION_INVALID`, naming the flag. */
export function readFlags(flags: readonly SettingFlag[], cwd: string): ReadLayer {
	const values = new Map<SettingPath, ConfiguredValue>();
	for (const {path, flag, text} of flags) {
		values.set(path, {
			value: checkSettingText(path, text, {name: flag, where: 'there', directory: cwd}),
			origin: {kind: 'flag', place: flag},
		});
	}
	return {values, notes: []};
}

/**
 * What `--set limits.maxSessions=4` says.
 *
 * @throws {InfinisstError} `OPTION_INVALID` if it names no setting.
 */
export function parseSetFlag(text: string): SettingFlag {
	const end = text.indexOf('=');
	const path = end < 0 ? text : text.slice(0, end).trim();
	if (!isSettingPath(path)) {
		const suggestion = suggestSetting(path);
		throw new InfinisstError('OPTION_INVALID', `--set names "${path}", which is no setting`, {
			hint:
				suggestion === undefined
					? 'See "infinisst config show" for those there are.'
					: `Did you mean ${suggestion}?`,
		});
	}
	if (end < 0) {
		throw new InfinisstError('OPTION_INVALID', `--set ${path} has no value`, {
			hint: `Write it as --set ${path}=VALUE.`,
		});
	}
	return {path, flag: `--set ${path}`, text: text.slice(end + 1)};
}
