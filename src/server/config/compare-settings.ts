import {isDeepStrictEqual} from 'node:util';

import type {ServerSettings} from '../server-settings.js';
import {valueAt} from './check-setting.js';
import {SETTING_PATHS, SETTINGS, type SettingPath} from './settings-table.js';

export interface SettingsChange {
	/** As running servers may be from now on: `before` with those that can change. */
	readonly settings: ServerSettings;
	readonly changed: readonly SettingPath[];
	/** Have another value now, and keep the old one until the server is started again. */
	readonly needRestart: readonly SettingPath[];
}

/** What of new settings a running server can take over. */
export function compareSettings(before: ServerSettings, after: ServerSettings): SettingsChange {
	const different = SETTING_PATHS.filter(
		path => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)),
	);
	const needRestart = different.filter(path => !SETTINGS[path].isLive);
	let settings = after;
	for (const path of needRestart) settings = withValue(settings, path, valueAt(before, path));
	return {settings, changed: different.filter(path => SETTINGS[path].isLive), needRestart};
}

function withValue(settings: ServerSettings, path: SettingPath, value: unknown): ServerSettings {
	const [section, key] = path.split('.') as [keyof ServerSettings, string?];
	if (key === undefined) return {...settings, [section]: value};
	return {...settings, [section]: {...(settings[section] as object), [key]: value}};
}
