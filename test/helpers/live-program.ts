/**
 * `infinisst` in a process of its own, with an engine that plays what it is told through a connection to
 * `LIVE_PORT`, a JSON object a line. To be started with tsx.
 */
import {connect} from 'node:net';
import {createInterface} from 'node:readline';

import {createProcessContext} from '../../src/cli/command-context.js';
import {main} from '../../src/cli/main.js';
import {createFakeStore} from './fake-context.js';
import {createPlayedEngine, type PlayedOrder} from './played-engine.js';

const connection = connect(Number(process.env['LIVE_PORT']), '127.0.0.1').unref();

async function* readOrders(): AsyncGenerator<PlayedOrder> {
	for await (const line of createInterface({input: connection})) yield JSON.parse(line) as PlayedOrder;
}

process.exitCode = await main(
	process.argv.slice(2),
	// Not a copy: that would open the standard input.
	Object.defineProperties(createProcessContext(), {
		openModelStore: {value: () => Promise.resolve(createFakeStore())},
		openEngine: {value: () => Promise.resolve(createPlayedEngine(readOrders()))},
	}),
);
connection.destroy();
