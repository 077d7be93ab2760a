import {openModelStore} from '../../src/core/models/model-store.js';

/*
 * A process of its own that pulls one repository: node --import tsx pull-in-process.ts ROOT ENDPOINT REPOSITORY.
 * Prints the types of the events, one a line, as they come.
 */
const [rootDirectory, endpoint, repository] = process.argv.slice(2);
const store = openModelStore({rootDirectory: rootDirectory!, hub: {endpoint}});
await store.pull(repository!, {
	onEvent({type}) {
		process.stdout.write(`${type}\n`);
	},
});
