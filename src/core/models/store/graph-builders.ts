import type {ModelFamily} from '../catalogue/catalogue.js';
import {GRAPH_VERSION as DECODER_LM_GRAPH_VERSION} from '../decoder-lm/graph-version.js';
import type {Precision} from '../precision.js';
import {GRAPH_VERSION as SEQ2SEQ_GRAPH_VERSION} from '../seq2seq/graph-version.js';
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
	seq2seq: {
		version: SEQ2SEQ_GRAPH_VERSION,
		async load() {
			const {buildSeq2seqGraphs} = await import('../seq2seq/build-seq2seq-graphs.js');
			return buildSeq2seqGraphs;
		},
	},
	'decoder-lm': {
		version: DECODER_LM_GRAPH_VERSION,
		async load() {
			const {buildDecoderLmGraphs} = await import('../decoder-lm/build-decoder-lm-graphs.js');
			return buildDecoderLmGraphs;
		},
	},
};
