import type {ServerParts} from './server-parts.js';
import type {ServerSettings} from './server-settings.js';

/**
 * Makes settings that changed take effect at once: how sessions share models, and how many there may be. All else is
 * asked for where it is used.
 *
 * @param settings - what `parts.settings()` answers by now.
 * @throws {InfinisstError} `OPTION_INVALID`: then nothing has changed.
 */
export async function applyServerSettings(
	{models, sessions}: Pick<ServerParts, 'models' | 'sessions'>,
	{batching, loadBalanceStrategy}: ServerSettings,
): Promise<void> {
	await models.configure({batching, loadBalanceStrategy});
	sessions.settingsChanged();
}
