import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {CrossFormat} from './cross-tensors.js';
import type {WhisperDimensions} from './whisper-dimensions.js';
import type {AlignmentHead} from './whisper-decoder-graph.js';

/**
 * English-only models have a smaller vocabulary, though their tokenizers list the languages too (OpenAI tells them
 * apart by the same number).
 */
const MULTILINGUAL_VOCABULARY = 51_865;

/** Ids of the tokens that steer a Whisper model. */
export interface SpecialTokens {
	readonly endOfText: number;
	readonly startOfTranscript: number;
	readonly translate: number;
	readonly transcribe: number;
	readonly startOfPrevious: number;
	readonly noSpeech: number;
	readonly noTimestamps: number;
	/** `<|0.00|>`; the ones after it are 20 ms apart. */
	readonly timestampBegin: number;
}

/** All that is needed to run a model beside its graphs; written as `whisper.json`. */
export interface WhisperDescription {
	readonly dimensions: WhisperDimensions;
	/** How the decoder of these graphs looks at audio. */
	readonly crossFormat: CrossFormat;
	/** Heads whose attention follows the audio, in the order in which the decoder puts them out. */
	readonly alignmentHeads: readonly AlignmentHead[];
	readonly specialTokens: SpecialTokens;
	/** Token of each language by its code; empty for an English-only model. */
	readonly languageTokens: Readonly<Record<string, number>>;
	/** Never written: symbols, annotations and the steering tokens. */
	readonly suppressTokens: readonly number[];
	/** Not written first: a blank, the end. */
	readonly beginSuppressTokens: readonly number[];
}

/**
 * Reads what the configuration files beside a checkpoint say: `tokenizer.json`, and `config.json` (of
 * transformers or CTranslate2) with `generation_config.json`.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the tokenizer is not one of Whisper's.
 */
export async function describeWhisper(
	directory: string,
	dimensions: WhisperDimensions,
): Promise<Omit<WhisperDescription, 'crossFormat'>> {
	const tokens = await readSteeringTokens(directory);
	const config = {
		...(await readJson(join(directory, 'config.json'))),
		...(await readJson(join(directory, 'generation_config.json'))),
	};
	const find = (...names: string[]): number => {
		for (const name of names) {
			const id = tokens.get(name);
			if (id !== undefined) return id;
		}
		throw new InfinisstError('MODEL_UNSUPPORTED', `The tokenizer in ${directory} has no token ${names[0]!}`, {
			hint: 'Only tokenizers of Whisper models can be imported with Whisper weights.',
		});
	};
	const noTimestamps = find('<|notimestamps|>');
	const specialTokens: SpecialTokens = {
		endOfText: find('<|endoftext|>'),
		startOfTranscript: find('<|startoftranscript|>'),
		translate: find('<|translate|>'),
		transcribe: find('<|transcribe|>'),
		startOfPrevious: find('<|startofprev|>'),
		// The token before <|notimestamps|> was renamed; some tokenizers leave it out.
		noSpeech: tokens.get('<|nospeech|>') ?? tokens.get('<|nocaptions|>') ?? noTimestamps - 1,
		noTimestamps,
		timestampBegin: noTimestamps + 1,
	};
	return {
		dimensions,
		alignmentHeads: readHeads(config['alignment_heads']) ?? defaultHeads(dimensions),
		specialTokens,
		languageTokens:
			dimensions.vocabularySize < MULTILINGUAL_VOCABULARY ? {} : findLanguages(tokens, specialTokens),
		suppressTokens: withSteeringTokens(
			readIds(config['suppress_tokens']) ?? readIds(config['suppress_ids']) ?? [],
			specialTokens,
		),
		beginSuppressTokens: readIds(config['begin_suppress_tokens']) ??
			readIds(config['suppress_ids_begin']) ?? [specialTokens.endOfText],
	};
}

/** Added tokens by text, from `tokenizer.json`. */
async function readSteeringTokens(directory: string): Promise<Map<string, number>> {
	const path = join(directory, 'tokenizer.json');
	const {added_tokens: added} = await readJson(path);
	if (!Array.isArray(added)) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${path} is missing or no tokenizer`, {
			hint: 'Put the tokenizer.json of the model beside its weights.',
		});
	}
	return new Map((added as {content: string; id: number}[]).map(({content, id}) => [content, id]));
}

/** The language tokens stand between the start and the first task, two or three letters each. */
function findLanguages(
	tokens: ReadonlyMap<string, number>,
	{startOfTranscript, translate, transcribe}: SpecialTokens,
): Record<string, number> {
	const languages: Record<string, number> = {};
	for (const [text, id] of tokens) {
		const code = /^<\|([a-z]{2,3})\|>$/.exec(text)?.[1];
		if (code !== undefined && id > startOfTranscript && id < Math.min(translate, transcribe))
			languages[code] = id;
	}
	return languages;
}

/** The steering tokens are never text, whether or not the configuration lists them (OpenAI's decoder adds them too). */
function withSteeringTokens(listed: readonly number[], tokens: SpecialTokens): number[] {
	const {startOfTranscript, translate, transcribe, startOfPrevious, noSpeech} = tokens;
	const all = new Set([
		...listed,
		startOfTranscript,
		translate,
		transcribe,
		startOfPrevious,
		startOfPrevious - 1,
		noSpeech,
	]);
	return [...all].filter(id => id >= 0).sort((a, b) => a - b);
}

/** Where a model does not name its alignment heads: all of the upper half of its layers, as OpenAI's code does. */
function defaultHeads({decoderLayers, heads}: WhisperDimensions): AlignmentHead[] {
	const chosen: AlignmentHead[] = [];
	for (let layer = Math.floor(decoderLayers / 2); layer < decoderLayers; layer++) {
		for (let head = 0; head < heads; head++) chosen.push([layer, head]);
	}
	return chosen;
}

function readHeads(value: unknown): AlignmentHead[] | undefined {
	if (!Array.isArray(value) || value.length === 0) return undefined;
	// The decoder puts its heads out layer by layer.
	return (value as [number, number][])
		.map(([layer, head]): AlignmentHead => [layer, head])
		.sort((a, b) => a[0] - b[0]);
}

function readIds(value: unknown): number[] | undefined {
	return Array.isArray(value) && value.length > 0 ? (value as number[]) : undefined;
}

async function readJson(path: string): Promise<Record<string, unknown>> {
	if (!existsSync(path)) return {};
	try {
		return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `The JSON of ${path} cannot be read`, {
			cause,
			hint: 'Remove the model and pull it again.',
		});
	}
}
