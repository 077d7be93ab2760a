import {resolve} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import type {ApiKey, ServerSettings} from '../server-settings.js';
import {defaultOf} from './check-setting.js';
import type {ConfiguredValue, SettingLayer} from './configured-value.js';
import {SETTING_PATHS, type SettingPath} from './settings-table.js';

export interface ResolvedSettings {
	readonly settings: ServerSettings;
	/** Every setting, in the order of the table. */
	readonly values: ReadonlyMap<SettingPath, ConfiguredValue>;
}

/**
 * Puts what several sources say together with the defaults.
 *
 * @param layers - those that win first.
 * @param dataDirectory - absolute; results are written below it unless somebody says otherwise.
 * @throws {InfinisstError} `OPTION_INVALID` for values that contradict each other.
 */
export function resolveServerSettings(
	layers: readonly SettingLayer[],
	dataDirectory: string,
): ResolvedSettings {
	const values = new Map<SettingPath, ConfiguredValue>();
	for (const path of SETTING_PATHS) {
		const given = layers.find(layer => layer.has(path))?.get(path);
		values.set(path, given ?? {value: defaultOf(path), origin: {kind: 'default', place: ''}});
	}

	const results = values.get('resultsDirectory')!;
	values.set('resultsDirectory', {...results, value: resolve(dataDirectory, results.value as string)});
	settleBatchSizes(values);
	assertKeyNames(values.get('apiKeys')!);
	return {settings: assemble(values), values};
}

/** As `changeBatchSettings()` does: the smaller size follows a larger one that was chosen, unless both were. */
function settleBatchSizes(values: Map<SettingPath, ConfiguredValue>): void {
	const smallest = values.get('batching.minBatchSize')!;
	const largest = values.get('batching.maxBatchSize')!;
	if ((smallest.value as number) <= (largest.value as number)) return;
	if (smallest.origin.kind === 'default') {
		values.set('batching.minBatchSize', {...smallest, value: largest.value});
		return;
	}
	throw new InfinisstError(
		'OPTION_INVALID',
		`batching.minBatchSize is ${String(smallest.value)} (${describePlace(smallest)}), more than batching.maxBatchSize, ${String(largest.value)} (${describePlace(largest)})`,
		{hint: 'Lower the one or raise the other.'},
	);
}

function assertKeyNames(keys: ConfiguredValue): void {
	const names = new Set<string>();
	for (const {id} of keys.value as readonly ApiKey[]) {
		if (names.has(id)) {
			throw new InfinisstError('OPTION_INVALID', `Two keys are called "${id}" (${describePlace(keys)})`, {
				hint: 'Give each an id of its own, or leave one out.',
			});
		}
		names.add(id);
	}
}

/** For people: `--port`, `the default`, or `/etc/infinisst.config.json, line 3`. */
export function describePlace({origin}: ConfiguredValue): string {
	return origin.kind === 'default' ? 'the default' : origin.place;
}

function assemble(values: ReadonlyMap<SettingPath, ConfiguredValue>): ServerSettings {
	const settings: Record<string, unknown> = {};
	for (const [path, {value}] of values) {
		const [section, key] = path.split('.') as [string, string?];
		if (key === undefined) settings[section] = value;
		else ((settings[section] ??= {}) as Record<string, unknown>)[key] = value;
	}
	// Every path of the interface is in the table, and every value was checked by its schema or is a default.
	return settings as unknown as ServerSettings;
}
