import type {DecodeTask, NextToken, RowOutput} from '../../src/core/models/decoding/batch-decoder.js';
import {DecoderSource} from '../../src/core/models/decoding/decoder-source.js';
import type {WhisperDescription} from '../../src/core/models/whisper/whisper-description.js';
import {WhisperVocabulary} from '../../src/core/models/whisper/whisper-vocabulary.js';

/** A Whisper of ten words, whose tokens stand in the order of the real one: text, steering tokens, timestamps. */
export const TINY: WhisperDescription = {
	dimensions: {
		width: 64,
		heads: 1,
		encoderLayers: 1,
		decoderLayers: 2,
		melBins: 80,
		vocabularySize: 120,
		maxEncoderFrames: 1500,
		maxTokens: 448,
	},
	crossFormat: 'float32',
	alignmentHeads: [[1, 0]],
	specialTokens: {
		endOfText: 10,
		startOfTranscript: 11,
		translate: 14,
		transcribe: 15,
		startOfPrevious: 17,
		noSpeech: 18,
		noTimestamps: 19,
		timestampBegin: 20,
	},
	languageTokens: {en: 12, de: 13},
	suppressTokens: [1, 11, 14, 15, 16, 17, 18],
	beginSuppressTokens: [2, 10],
};

/** Logits with a value for some tokens and `rest` for all others. */
export function makeLogits(values: Readonly<Record<number, number>>, rest = -5): Float32Array {
	const logits = new Float32Array(TINY.dimensions.vocabularySize).fill(rest);
	for (const [id, value] of Object.entries(values)) logits[Number(id)] = value;
	return logits;
}

/** Audio that nobody looks at. */
export function makeAudio(): DecoderSource {
	return new DecoderSource(50, new Map());
}

/**
 * Plays the decoder to a task: `decide` gives the logits after the tokens written so far.
 *
 * @returns how many rows each step had.
 */
export function playDecoder(
	task: DecodeTask,
	decide: (written: readonly number[]) => Float32Array,
	alignment: (written: readonly number[]) => readonly Float32Array[] | undefined = () => undefined,
): number[] {
	const output = (written: readonly number[]): RowOutput => ({
		logits: [decide(written)],
		alignment: alignment(written),
	});
	const rows: number[] = [];
	let sequences: (readonly number[])[] = [[]];
	const start = output([]);
	let next: readonly NextToken[] = task.begin({...start, logits: [decide([]), ...start.logits]});
	while (next.length > 0) {
		const parents = sequences;
		sequences = next.map(({parent, token}) => [...parents[parent]!, token]);
		rows.push(sequences.length);
		if (rows.length > 1000) throw new Error('the task does not end');
		next = task.advance(sequences.map(output));
	}
	return rows;
}

/** Printable stand-ins of all bytes, from the table of GPT-2's tokenizer. */
const characterOfByte = new Map<number, string>();
{
	const printable = [
		...range(0x21, 0x7e), // ! to ~
		...range(0xa1, 0xac), // ¡ to ¬
		...range(0xae, 0xff), // ® to ÿ
	];
	for (const byte of printable) characterOfByte.set(byte, String.fromCodePoint(byte));
	let next = 0;
	for (const byte of range(0, 255)) {
		if (!characterOfByte.has(byte)) characterOfByte.set(byte, String.fromCodePoint(256 + next++));
	}
}

function range(first: number, last: number): number[] {
	return Array.from({length: last - first + 1}, (_, index) => first + index);
}

/** A vocabulary with one token for each piece: a text, or the bytes of a part of one. Ids count from 0. */
export function makeVocabulary(pieces: readonly (string | readonly number[])[]): WhisperVocabulary {
	const tokens = pieces.map(piece =>
		[...(typeof piece === 'string' ? Buffer.from(piece) : piece)]
			.map(byte => characterOfByte.get(byte)!)
			.join(''),
	);
	return new WhisperVocabulary(tokens);
}
