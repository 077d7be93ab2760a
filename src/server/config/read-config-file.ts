import {readFile} from 'node:fs/promises';
import {dirname} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {checkSetting, showValue, suggestSetting} from './check-setting.js';
import type {ConfiguredValue, OriginKind, ReadLayer} from './configured-value.js';
import {parseJsonFile, valueOf, type FileEntry, type FileNode} from './parse-json-file.js';
import {isOriginalConfig, readOriginalConfig} from './read-original-config.js';
import {isSettingPath, SETTING_PATHS, type SettingPath} from './settings-table.js';

/** @param path - absolute. @returns undefined if there is no such file. */
export async function readConfigFile(path: string, kind: OriginKind): Promise<ReadLayer | undefined> {
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw new InfinisstError('INPUT_UNREADABLE', `Cannot read the configuration ${path}: ${message}`, {
			hint: 'Check that it is a file, and who may read it.',
			cause: error,
		});
	}

	return parseConfigFile(text, path, kind);
}

/**
 * What a configuration file says: ours, or the original's with `ray_cluster`, `serving` and `languages`.
 *
 * @param path - absolute; paths in the file are relative to its folder.
 * @throws {InfinisstError} `OPTION_INVALID`, naming the file, the path inside it, the value and the fix.
 */
export function parseConfigFile(text: string, path: string, kind: OriginKind): ReadLayer {
	const root = parseJsonFile(text, path);
	if (root.kind !== 'object') {
		throw new InfinisstError('OPTION_INVALID', `${path} must be an object, not ${showValue(root.value)}`, {
			hint: 'See one that is complete with "infinisst config create --print".',
		});
	}

	if (isOriginalConfig(root.entries.map(({key}) => key))) return readOriginalConfig(root, path, kind);
	const values = new Map<SettingPath, ConfiguredValue>();
	readEntries(root.entries, '', {path, kind, values});
	return {values, notes: []};
}

interface Reading {
	readonly path: string;
	readonly kind: OriginKind;
	readonly values: Map<SettingPath, ConfiguredValue>;
}

function readEntries(entries: readonly FileEntry[], prefix: string, reading: Reading): void {
	for (const {key, line, value} of entries) {
		const setting = `${prefix}${key}`;
		if (prefix === '' && key === '$schema') continue;
		if (isSettingPath(setting)) readSetting(setting, value, line, reading);
		else if (SETTING_PATHS.some(path => path.startsWith(`${setting}.`))) {
			readSection(setting, value, line, reading);
		} else throw unknownSetting(setting, line, reading.path);
	}
}

function readSection(section: string, node: FileNode, line: number, reading: Reading): void {
	if (node.kind === 'object') {
		readEntries(node.entries, `${section}.`, reading);
		return;
	}
	const example = SETTING_PATHS.find(path => path.startsWith(`${section}.`))!;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${reading.path}: ${section} must be an object, not ${showValue(node.value)}`,
		{hint: `Change line ${line}; it holds settings such as ${example}.`},
	);
}

function readSetting(
	setting: SettingPath,
	node: FileNode,
	line: number,
	{path, kind, values}: Reading,
): void {
	const value = valueOf(node);
	// As `config create` writes what has no value.
	if (value === null) return;
	values.set(setting, {
		value: checkSetting(setting, value, {
			name: `${path}: ${setting}`,
			where: `in line ${line}`,
			directory: dirname(path),
		}),
		origin: {kind, place: `${path}, line ${line}`},
	});
}

function unknownSetting(setting: string, line: number, path: string): InfinisstError {
	const suggestion = suggestSetting(setting);
	return new InfinisstError('OPTION_INVALID', `${path}: there is no setting "${setting}" (line ${line})`, {
		hint:
			suggestion === undefined
				? 'See "infinisst config show" for those there are.'
				: `Did you mean ${suggestion}?`,
	});
}
