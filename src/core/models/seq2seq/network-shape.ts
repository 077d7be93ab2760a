import {InfinisstError} from '../../errors.js';
import type {Seq2seqDescription} from './seq2seq-description.js';

/** What distinguishes the networks of one architecture from those of another. */
export interface NetworkShape {
	readonly width: number;
	readonly maxTokens: number;
	/** Before each part of a layer, and at the end of both sides; else after each part. */
	readonly normalizesFirst: boolean;
	readonly activation: 'relu' | 'gelu' | 'silu';
	/** Vectors of tokens are multiplied by this. */
	readonly embeddingScale: number;
	/** Vectors of positions, [maxTokens, width]. */
	positions(): Float32Array;
}

const ACTIVATIONS: Readonly<Record<string, NetworkShape['activation']>> = {
	relu: 'relu',
	gelu: 'gelu',
	silu: 'silu',
	swish: 'silu',
};

/** @throws {InfinisstError} `MODEL_UNSUPPORTED` for an activation no such model uses. */
export function networkShape(
	config: Readonly<Record<string, unknown>>,
	{architecture, dimensions}: Pick<Seq2seqDescription, 'architecture' | 'dimensions'>,
): NetworkShape {
	const name = String(config['activation_function']);
	const activation = ACTIVATIONS[name];
	if (activation === undefined) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `The activation "${name}" is not supported.`, {
			hint: 'Supported are relu, gelu and swish.',
		});
	}
	const {width, maxTokens} = dimensions;
	return {
		width,
		maxTokens,
		normalizesFirst: architecture === 'm2m_100',
		activation,
		embeddingScale: config['scale_embedding'] === true ? Math.sqrt(width) : 1,
		positions: () => (architecture === 'marian' ? marianPositions : m2mPositions)(maxTokens, width),
	};
}

/** As Marian computes them (Vaswani et al. 2017, sines before cosines). */
function marianPositions(length: number, width: number): Float32Array {
	return sinusoids(length, width, 0, channel => 10_000 ** ((-2 * channel) / width));
}

/** As fairseq computes them: the frequencies end at 1/10 000, and counting begins behind the token for padding. */
function m2mPositions(length: number, width: number): Float32Array {
	const step = Math.log(10_000) / (width / 2 - 1);
	return sinusoids(length, width, M2M_FIRST_POSITION, channel => Math.exp(-step * channel));
}

/** One more than the padding token's id, 1 in all of these models. */
const M2M_FIRST_POSITION = 2;

function sinusoids(
	length: number,
	width: number,
	first: number,
	frequency: (channel: number) => number,
): Float32Array {
	const half = width / 2;
	const table = new Float32Array(length * width);
	for (let position = 0; position < length; position++) {
		for (let channel = 0; channel < half; channel++) {
			const angle = (position + first) * frequency(channel);
			table[position * width + channel] = Math.sin(angle);
			table[position * width + half + channel] = Math.cos(angle);
		}
	}
	return table;
}
