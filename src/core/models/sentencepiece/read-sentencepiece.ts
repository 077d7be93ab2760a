import protobuf from 'protobufjs/light.js';
import {InfinisstError} from '../../errors.js';

/** The part of sentencepiece_model.proto (google/sentencepiece) that is needed to use a model. Unknown fields are skipped. */
const SCHEMA: protobuf.INamespace = {
	nested: {
		SentencePiece: {
			fields: {
				piece: {type: 'string', id: 1},
				score: {type: 'float', id: 2},
				type: {type: 'int32', id: 3},
			},
		},
		TrainerSpec: {
			fields: {
				modelType: {type: 'int32', id: 3},
				treatWhitespaceAsSuffix: {type: 'bool', id: 24},
				byteFallback: {type: 'bool', id: 35},
			},
		},
		NormalizerSpec: {
			fields: {
				precompiledCharsmap: {type: 'bytes', id: 2},
				addDummyPrefix: {type: 'bool', id: 3},
				removeExtraWhitespaces: {type: 'bool', id: 4},
				escapeWhitespaces: {type: 'bool', id: 5},
			},
		},
		ModelProto: {
			fields: {
				pieces: {rule: 'repeated', type: 'SentencePiece', id: 1},
				trainerSpec: {type: 'TrainerSpec', id: 2},
				normalizerSpec: {type: 'NormalizerSpec', id: 3},
			},
		},
	},
};

const modelType = protobuf.Root.fromJSON(SCHEMA).lookupType('ModelProto');

/** Numbers of SentencePiece.Type. */
const PIECE_KINDS = {
	1: 'normal',
	2: 'unknown',
	3: 'control',
	4: 'user-defined',
	5: 'unused',
	6: 'byte',
} as const;

export interface Piece {
	/** With U+2581 for spaces. */
	readonly text: string;
	/** Log probability (unigram), or the negative rank of the merge (BPE). */
	readonly score: number;
	readonly kind: (typeof PIECE_KINDS)[keyof typeof PIECE_KINDS];
}

export interface SentencePieceModel {
	readonly algorithm: 'unigram' | 'bpe';
	/** By id. */
	readonly pieces: readonly Piece[];
	/** Unknown characters are written as bytes. */
	readonly byteFallback: boolean;
	/** What texts are normalised by, compiled; empty for nothing. */
	readonly charsmap: Uint8Array;
	/** A space is put before a text. */
	readonly addDummyPrefix: boolean;
	readonly removeExtraWhitespaces: boolean;
}

interface ModelMessage {
	readonly pieces?: readonly {piece?: string; score?: number; type?: number}[];
	readonly trainerSpec?: {modelType?: number; treatWhitespaceAsSuffix?: boolean; byteFallback?: boolean};
	readonly normalizerSpec?: {
		precompiledCharsmap?: Uint8Array;
		addDummyPrefix?: boolean;
		removeExtraWhitespaces?: boolean;
		escapeWhitespaces?: boolean;
	};
}

/**
 * Reads a model of SentencePiece (Kudo and Richardson 2018): `*.spm`, `sentencepiece.bpe.model`.
 *
 * @param place - named in messages.
 * @throws {InfinisstError} `MODEL_CORRUPT` if it is none; `MODEL_UNSUPPORTED` for models of words or characters.
 */
export function readSentencePiece(bytes: Uint8Array, place: string): SentencePieceModel {
	let message: ModelMessage;
	try {
		message = modelType.toObject(modelType.decode(bytes));
	} catch (cause) {
		throw notSentencePiece(place, cause);
	}
	const {pieces = [], trainerSpec = {}, normalizerSpec = {}} = message;
	if (pieces.length === 0) throw notSentencePiece(place);
	// Defaults as in the schema, where a field that is left out has one.
	const {modelType: type = 1, treatWhitespaceAsSuffix = false, byteFallback = false} = trainerSpec;
	const {escapeWhitespaces = true, addDummyPrefix = true, removeExtraWhitespaces = true} = normalizerSpec;
	if ((type !== 1 && type !== 2) || treatWhitespaceAsSuffix || !escapeWhitespaces) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${place} is a SentencePiece model of an unusual kind.`, {
			hint: 'Supported are unigram and BPE models that mark the beginnings of words.',
		});
	}
	return {
		algorithm: type === 1 ? 'unigram' : 'bpe',
		pieces: pieces.map(({piece = '', score = 0, type: kind = 1}) => ({
			text: piece,
			score,
			kind: PIECE_KINDS[kind as keyof typeof PIECE_KINDS],
		})),
		byteFallback,
		charsmap: normalizerSpec.precompiledCharsmap ?? new Uint8Array(),
		addDummyPrefix,
		removeExtraWhitespaces,
	};
}

function notSentencePiece(place: string, cause?: unknown): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${place} is no SentencePiece model.`, {
		hint: 'Remove the model and pull it again.',
		cause,
	});
}
