import {InfinisstError} from '../../errors.js';
import type {ModelFamily} from '../catalogue/catalogue.js';
import type {Precision} from '../precision.js';
import {GRAPH_VERSION} from '../whisper/graph-version.js';

export interface BuildGraphsOptions {
	/** Holds the weights and their companions as they were fetched. */
	readonly sourceDirectory: string;
	/** Exists and is empty; receives the graphs and everything else needed to run the model. */
	readonly outputDirectory: string;
	readonly precision: Precision;
	readonly signal?: AbortSignal;
	/** Called now and then with the share that is done, 0..1. */
	readonly onProgress?: (fraction: number) => void;
}

/** What it takes to turn the weights of one family of models into graphs. */
export interface GraphBuilder {
	/** Graphs of another version are not used. */
	readonly version: number;
	/** Loads the builder itself, and with it everything heavy, when graphs are really built. */
	load(): Promise<(options: BuildGraphsOptions) => Promise<void>>;
}

export const GRAPH_BUILDERS: Readonly<Record<ModelFamily, GraphBuilder>> = {
	whisper: {
		version: GRAPH_VERSION,
		async load() {
			const {buildWhisperGraphs} = await import('../whisper/build-whisper-graphs.js');
			return buildWhisperGraphs;
		},
	},
	seq2seq: {version: 0, load: () => Promise.reject(notBuilt('seq2seq'))},
	'decoder-lm': {version: 0, load: () => Promise.reject(notBuilt('decoder-lm'))},
};

function notBuilt(family: ModelFamily): InfinisstError {
	return new InfinisstError('MODEL_UNSUPPORTED', `Models of the family ${family} cannot be run yet`);
}
