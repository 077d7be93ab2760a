import type {SettingPath} from './settings-table.js';

/** In the order in which they win. */
export type OriginKind = 'flag' | 'environment' | 'project file' | 'user file' | 'default';

/** Where a value comes from. */
export interface SettingOrigin {
	readonly kind: OriginKind;
	/** For people: `--port`, `INFINISST_PORT`, or `/etc/infinisst.config.json, line 3`; empty for defaults. */
	readonly place: string;
}

export interface ConfiguredValue {
	/** As the setting's schema gives it; paths are absolute. */
	readonly value: unknown;
	readonly origin: SettingOrigin;
}

export type SettingLayer = ReadonlyMap<SettingPath, ConfiguredValue>;

/** What one source of settings says. */
export interface ReadLayer {
	readonly values: SettingLayer;
	/** Sentences about what was understood otherwise than it was written, or left out. */
	readonly notes: readonly string[];
}
