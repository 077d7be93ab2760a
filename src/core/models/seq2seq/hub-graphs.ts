import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {Precision} from '../precision.js';

/** Exported graphs as repositories of the hub hold them (`Xenova/opus-mt-en-de`), written by optimum. */
export interface HubGraphs {
	/** Absolute paths. */
	readonly encoder: string;
	readonly decoder: string;
	/** Weights that lie beside graphs too large for one file; the graphs name them, so they keep their names. */
	readonly data: readonly string[];
}

/** Suffixes of the files, the best first. */
const VARIANTS: Readonly<Record<Precision, readonly string[]>> = {
	fp32: ['', '_fp16', '_quantized', '_int8'],
	fp16w: ['_fp16', '', '_quantized', '_int8'],
	int8: ['_quantized', '_int8', '', '_fp16'],
	q8: ['_quantized', '_int8', '', '_fp16'],
	q4: ['_quantized', '_int8', '', '_fp16'],
};

/** The names of both graphs, below the folder of the model. */
export function hubGraphNames(suffix: string): {encoder: string; decoder: string} {
	return {
		encoder: `onnx/encoder_model${suffix}.onnx`,
		decoder: `onnx/decoder_model_merged${suffix}.onnx`,
	};
}

/** The exported graphs in a folder; undefined if it has none, or weights that graphs can be made of. */
export function findHubGraphs(directory: string, precision: Precision): HubGraphs | undefined {
	const has = (name: string): boolean => existsSync(join(directory, name));
	if (has('model.safetensors') || has('model.safetensors.index.json')) return undefined;
	for (const suffix of VARIANTS[precision]) {
		const {encoder, decoder} = hubGraphNames(suffix);
		if (!has(encoder) || !has(decoder)) continue;
		return {
			encoder: join(directory, encoder),
			decoder: join(directory, decoder),
			data: [encoder, decoder].map(name => join(directory, `${name}_data`)).filter(path => existsSync(path)),
		};
	}
	return undefined;
}
