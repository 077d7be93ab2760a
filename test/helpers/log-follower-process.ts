/**
 * A process that follows the log folder named by its second argument into the history named by its first,
 * and writes a character to its standard output after each look. It is there to be killed.
 */
import {LogFollower} from '../../src/history/collect/log-follower.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {systemClock} from '../../src/core/util/clock.js';
import {testCluster} from './history.js';

const [path, directory] = process.argv.slice(2) as [string, string];
const store = await openHistory({path});
const follower = new LogFollower({
	...{store, cluster: testCluster, directory, intervalMs: 1, clock: systemClock},
	onNotice: () => undefined,
});
for (;;) {
	await follower.scan();
	// Whoever reads this may be slow.
	await new Promise(resolve => process.stdout.write('.', resolve));
}
