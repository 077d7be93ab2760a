import {join} from 'node:path';
import {describe} from 'vitest';

import {findPip} from '../../src/core/models/sources/pip.js';
import {installDashboard} from '../../src/history/dashboard/install-dashboard.js';
import {
	findInstalledDashboard,
	type InstalledDashboard,
} from '../../src/history/dashboard/installed-dashboard.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';

/** Where programs under test look for it. */
const dashboardsDirectory = join(testHome, 'dashboard');

/** The version whose requests were recorded. */
const VERSION = '2.60.0';

const isAvailable =
	(await findInstalledDashboard(dashboardsDirectory))?.version === VERSION ||
	(await findPip(process.env)) !== undefined;

/** A suite that needs the page of Ray's dashboard; skipped, with the reason in its title, where it cannot be fetched. */
export function describeWithDashboard(title: string, body: () => void): void {
	if (isAvailable) describe(title, body);
	else skipSuite(title, "pip to fetch Ray's dashboard");
}

/** Fetches the wheel once, and keeps the page from run to run. */
export async function ensureDashboard(): Promise<InstalledDashboard> {
	const installed = await findInstalledDashboard(dashboardsDirectory);
	if (installed?.version === VERSION) return installed;
	return installDashboard({dashboardsDirectory, version: VERSION, environment: process.env});
}
