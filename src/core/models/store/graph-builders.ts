import type {ModelFamily} from '../catalogue/catalogue.js';
import type {BuildWhisperGraphsOptions} from '../whisper/build-whisper-graphs.js';
import {GRAPH_VERSION} from '../whisper/graph-version.js';

/** What it takes to turn the weights of one family of models into graphs. */
export interface GraphBuilder {
	/** Graphs of another version are not used. */
	readonly version: number;
	/** Loads the builder itself, and with it everything heavy, when graphs are really built. */
	load(): Promise<(options: BuildWhisperGraphsOptions) => Promise<void>>;
}

export const GRAPH_BUILDERS: Readonly<Record<ModelFamily, GraphBuilder>> = {
	whisper: {
		version: GRAPH_VERSION,
		async load() {
			const {buildWhisperGraphs} = await import('../whisper/build-whisper-graphs.js');
			return buildWhisperGraphs;
		},
	},
};
