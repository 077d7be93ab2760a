import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Catalogue, CatalogueEntry, SourceEntry} from '../../src/core/models/catalogue/catalogue.js';
import type {ModelEvent} from '../../src/core/models/model-event.js';
import {openModelStore, type ModelStore, type ModelStoreOptions} from '../../src/core/models/model-store.js';
import {GRAPH_BUILDERS, type GraphBuilder} from '../../src/core/models/store/graph-builders.js';
import type {FakeHub} from './fake-hub.js';

/** A catalogue with one model, `tiny-test`, that is to be had from these sources. */
export function makeCatalogue(sources: readonly SourceEntry[]): Catalogue {
	const entry: CatalogueEntry = {
		name: 'tiny-test',
		description: 'for tests',
		family: 'whisper',
		languages: ['en', 'de'],
		tasks: ['transcribe', 'translate'],
		licence: 'MIT',
		downloadBytes: 300_000,
		sources,
	};
	return {defaultModel: entry.name, models: [entry], languageSets: {}};
}

export const HUB_SOURCE: SourceEntry = {kind: 'hub', repository: 'owner/first', revision: 'main'};

/** Builds one small file; `builds` counts how often. */
export function makeGraphBuilder(version = 1): GraphBuilder & {builds: number} {
	const builder = {
		version,
		builds: 0,
		load: () =>
			Promise.resolve(async ({outputDirectory, precision}: {outputDirectory: string; precision: string}) => {
				builder.builds++;
				await writeFile(join(outputDirectory, 'encoder.onnx'), `${precision} of version ${version}`);
			}),
	};
	return builder;
}

/** A store whose hub is the fake one, and which waits for nothing between attempts. */
export function openTestStore(
	rootDirectory: string,
	hub: FakeHub | undefined,
	{hub: hubSettings, ...options}: Partial<ModelStoreOptions> = {},
): ModelStore {
	return openModelStore({
		rootDirectory,
		catalogue: makeCatalogue([HUB_SOURCE]),
		graphBuilders: {...GRAPH_BUILDERS, whisper: makeGraphBuilder()},
		hub: {
			// Port 9 of this machine: nobody listens.
			endpoint: hub?.endpoint ?? 'http://127.0.0.1:9',
			delay: () => Promise.resolve(),
			stallTimeoutMs: 500,
			...hubSettings,
		},
		...options,
	});
}

/** Events in the order they came, without those about bytes. */
export function collectEvents(): {
	readonly onEvent: (event: ModelEvent) => void;
	readonly events: ModelEvent[];
} {
	const events: ModelEvent[] = [];
	return {
		events,
		onEvent(event) {
			if (event.type !== 'file-progressed') events.push(event);
		},
	};
}
