/**
 * What the server itself costs, around its models: round trips, memory, its event loop, listeners.
 *
 *     npm run bench:server                     3 minutes
 *     npm run bench:server -- --quick          half a minute, to see that it works
 *     npm run bench:server -- --only round-trips,sessions,event-loop,listeners
 *
 * All but the event loop are measured with an engine that does nothing. `--docs` writes the table of docs/server.md.
 * Needs a build and a quiet machine with Linux; for the event loop ../shared, too. Ends with 1 when a bar was missed.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {describeMachine} from './machine.js';
import {measureEventLoop} from './server/measure-event-loop.js';
import {measureListeners} from './server/measure-listeners.js';
import {measureRoundTrips} from './server/measure-round-trips.js';
import {measureSessions} from './server/measure-sessions.js';
import {findMisses, formatServerResults, type ServerResults} from './server/server-report.js';

const PARTS = ['round-trips', 'sessions', 'event-loop', 'listeners'];

const {values: flags} = parseArgs({
	options: {
		quick: {type: 'boolean', default: false},
		only: {type: 'string', default: PARTS.join(',')},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('server')},
	},
});
const isQuick = flags.quick;
const parts = flags.only.split(',');
const unknown = parts.find(part => !PARTS.includes(part));
if (unknown !== undefined) throw new Error(`--only has "${unknown}", not one of ${PARTS.join(', ')}.`);

const machine = describeMachine();
const sockets = isQuick ? 50 : 200;
const measured = {
	...(parts.includes('round-trips') && {
		roundTrips: {
			sockets,
			contestants: await measureRoundTrips({
				sockets,
				secondsPerRound: isQuick ? 2 : 8,
				rounds: isQuick ? 1 : 3,
			}),
		},
	}),
	...(parts.includes('sessions') && {sessions: await measureSessions(isQuick ? 200 : 1000)}),
	...(parts.includes('listeners') && {
		listeners: await measureListeners(isQuick ? 200 : 1000, isQuick ? 5 : 20),
	}),
	...(parts.includes('event-loop') && {
		eventLoop: await measureEventLoop(isQuick ? 4 : 16, isQuick ? 6 : 25),
	}),
};
const results: ServerResults = {
	...(await readPrevious()),
	machine,
	loadAverageAfter: describeMachine()['loadAverage1Minute'],
	isQuick,
	...measured,
};
const text = formatServerResults(results);
console.log(JSON.stringify(machine));
console.log(text);
await writeResults(flags.output, results);
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/server.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'server', text));
}
const misses = findMisses(results);
for (const miss of misses) console.error(`missed: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

/** Parts that are not measured now stay as they were. */
async function readPrevious(): Promise<ServerResults | undefined> {
	if (!existsSync(flags.output)) return undefined;
	const previous = JSON.parse(await readFile(flags.output, 'utf8')) as ServerResults;
	return previous.isQuick === isQuick ? previous : undefined;
}
