import {valueAt} from './config/check-setting.js';
import type {SettingPath} from './config/settings-table.js';
import type {ServerParts} from './server-parts.js';
import type {ServerSettings} from './server-settings.js';

/**
 * Makes settings that changed take effect at once: how sessions share models, and how many there may be. All else is
 * asked for where it is used. What `POST /ray/configure` has set stays, unless that very setting is among the changed.
 *
 * @param settings - what `parts.settings()` answers by now.
 * @param changed - since they were applied last.
 * @throws {InfinisstError} `OPTION_INVALID`: then nothing has changed.
 */
export async function applyServerSettings(
	{models, sessions}: Pick<ServerParts, 'models' | 'sessions'>,
	settings: ServerSettings,
	changed: readonly SettingPath[],
): Promise<void> {
	const batching = Object.fromEntries(
		changed
			.filter(path => path.startsWith('batching.'))
			.map(path => [path.slice('batching.'.length), valueAt(settings, path)]),
	) as Partial<ServerSettings['batching']>;
	const {maxBatchSize} = models.engineSettings.batching;
	// The two are right together in a file, and need not be beside a size that was set otherwise meanwhile.
	const isTooSmall = (batching.minBatchSize ?? 0) > (batching.maxBatchSize ?? maxBatchSize);
	await models.configure({
		batching: {...batching, ...(isTooSmall && {maxBatchSize: settings.batching.maxBatchSize})},
		...(changed.includes('loadBalanceStrategy') && {loadBalanceStrategy: settings.loadBalanceStrategy}),
	});
	sessions.settingsChanged();
}
