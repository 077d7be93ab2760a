import {resolve} from 'node:path';
import type * as z from 'zod';

import {InfinisstError} from '../../core/errors.js';
import {closestNames} from '../../core/util/closest-names.js';
import {DEFAULT_SERVER_SETTINGS} from '../default-server-settings.js';
import {hashApiKey} from './hash-api-key.js';
import {splitList} from './setting-values.js';
import {SETTING_PATHS, SETTINGS, type SettingPath} from './settings-table.js';

export interface SettingPlace {
	/** What the message begins with: `--port`, `INFINISST_PORT`, or `/etc/infinisst.config.json: limits.maxSessions`. */
	readonly name: string;
	/** Where to go to change it, as the end of `Change it ...`. */
	readonly where: string;
	/** Paths are relative to it. */
	readonly directory: string;
}

/**
 * @returns the value as the setting's schema gives it, with absolute paths.
 * @throws {InfinisstError} `OPTION_INVALID`, naming the place, the value (never that of a key), and what it must be.
 */
export function checkSetting(path: SettingPath, value: unknown, place: SettingPlace): unknown {
	const {schema, isPath = false, makeAbsolute = resolve} = SETTINGS[path];
	const result = schema.safeParse(value);
	if (!result.success) throw describeIssue(path, value, place, result.error.issues[0]!);
	if (!isPath) return result.data;
	const {directory} = place;
	return Array.isArray(result.data)
		? result.data.map(part => makeAbsolute(directory, part as string))
		: makeAbsolute(directory, result.data as string);
}

/** Like {@link checkSetting}, of what a flag or a variable says. Keys are hashed. */
export function checkSettingText(path: SettingPath, text: string, place: SettingPlace): unknown {
	const value =
		path === 'apiKeys'
			? splitList(text).map(key => hashApiKey(key, place.name))
			: SETTINGS[path].fromText(text.trim());
	return checkSetting(path, value, place);
}

/** The name of a setting as it was probably meant: also where only its section was forgotten. */
export function suggestSetting(written: string): string | undefined {
	const last = written.slice(written.lastIndexOf('.') + 1).toLowerCase();
	return (
		SETTING_PATHS.find(path => path.toLowerCase() === last || path.toLowerCase().endsWith(`.${last}`)) ??
		closestNames(written, SETTING_PATHS)[0] ??
		SETTING_PATHS.find(path => closestNames(last, [path.slice(path.lastIndexOf('.') + 1)]).length > 0)
	);
}

/** A value as messages show it: as JSON, not longer than a line. */
export function showValue(value: unknown): string {
	const text = JSON.stringify(value) as string | undefined;
	if (text === undefined) return 'nothing';
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function describeIssue(
	path: SettingPath,
	value: unknown,
	{name, where}: SettingPlace,
	issue: z.core.$ZodIssue,
): InfinisstError {
	const at = issue.path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
	if (path === 'apiKeys') {
		const message =
			issue.code === 'unrecognized_keys'
				? `has "${issue.keys[0]!}", which is no part of a key: only its hash is kept`
				: issue.message;
		return new InfinisstError('OPTION_INVALID', `${name}${at} ${message}`, {
			hint: 'Make the entry with "infinisst config hash-key".',
		});
	}

	let part = value;
	for (const key of issue.path) part = (part as Readonly<Record<PropertyKey, unknown>>)[key];
	const suggestion =
		issue.code === 'invalid_value' && typeof part === 'string'
			? closestNames(part, issue.values.map(String))[0]
			: undefined;
	return new InfinisstError('OPTION_INVALID', `${name}${at} ${issue.message}, not ${showValue(part)}`, {
		hint:
			suggestion === undefined
				? `Change it ${where}, or leave it out for ${describeDefault(path)}.`
				: `Did you mean ${suggestion}? Change it ${where}.`,
	});
}

function describeDefault(path: SettingPath): string {
	const value = defaultOf(path);
	return value === undefined ? 'none' : `the default, ${showValue(value)}`;
}

export function defaultOf(path: SettingPath): unknown {
	return valueAt(DEFAULT_SERVER_SETTINGS, path);
}

/** What an object holds at a path such as `limits.maxSessions`. */
export function valueAt(settings: object, path: SettingPath): unknown {
	let value: unknown = settings;
	for (const key of path.split('.')) value = (value as Readonly<Record<string, unknown>>)[key];
	return value;
}
