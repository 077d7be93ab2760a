import {speechCapabilities, textCapabilities} from '../../engine/chain/model-abilities.js';
import {routeTarget} from '../../engine/chain/route-target.js';
import {InfinisstError} from '../../errors.js';
import type {ModelSummary} from '../model-store.js';
import {joinCombination} from '../store/combination.js';

export interface RecommendationRequest {
	/** Codes; the source may be `auto`, the target `same`. */
	readonly source: string;
	readonly target: string;
	/** That the models may take for one live session. */
	readonly memoryBytes: number;
	/** That there are. */
	readonly cores: number;
}

export interface Recommendation {
	/** As `--model` takes it. */
	readonly name: string;
	/** Expected, of one live session. */
	readonly memoryBytes: number;
	/** Of a core's time, expected for one live session. */
	readonly load: number;
	/** Still to be fetched. */
	readonly downloadBytes: number;
	readonly licences: readonly string[];
	readonly isInstalled: boolean;
}

/** Of one process without a model, in our own load runs (docs/live.md, docs/performance.md), rounded up. */
const PROCESS_BYTES = 300e6;

/** Room that a live session leaves for what comes late. */
const MAX_SHARE_OF_CORES = 0.6;

/** Of a core for a second of speech at multiplier 2: whisper-base (docs/live.md), whose weights have 150 MB. */
const HEARING_LOAD = 0.15;
const HEARING_BYTES = 150e6;

/** Work of an encoder grows somewhat faster than its weights: whisper-small has 3.2 times those of base and takes four times as long. */
const HEARING_EXPONENT = 1.2;

/** Tokens that a speaker's second is translated by, read and written, ... */
const TOKENS_PER_SECOND = 8;

/** ... each of which reads all weights once, at this rate from the memory of a small machine. */
const BYTES_PER_SECOND = 10e9;

/** A language model's weights of 16 bits become 8, ... */
const LANGUAGE_MODEL_SHARE = 0.55;

/** ... but for those that are fetched with 4 bits. */
const PACKED = 'gemma-';

/**
 * Models of texts, those that translate better first: by what their makers publish for FLORES-200, where they do, and by
 * size. Our own measurements replace this once the weights could be had (docs/text-translation.md).
 */
const BETTER_FIRST = [
	/^qwen2\.5-7b/,
	/^qwen3-4b/,
	/^gemma-3-4b/,
	/^opus-mt-/,
	/^nllb-200-distilled-600m/,
	/^m2m100-418m/,
	/^qwen3-1\.7b/,
	/^qwen2\.5-1\.5b/,
	/^qwen3-0\.6b/,
	/^gemma-3-1b/,
	/^qwen2\.5-0\.5b/,
];

/**
 * Models for one language into another that this machine can run as somebody speaks, the best first.
 *
 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED` if none knows the pair; `LIMIT_EXCEEDED` if none fits, naming the
 * one that needs least.
 */
export function recommendModels(
	models: readonly ModelSummary[],
	request: RecommendationRequest,
): readonly Recommendation[] {
	const able = listAble(models, request).sort((one, other) => compare(one, other));
	const [first] = able;
	if (first === undefined) {
		throw new InfinisstError('LANGUAGE_PAIR_UNSUPPORTED', 'No model that is known translates this pair', {
			hint: 'Run "infinisst models list" for what there is.',
		});
	}
	const fitting = able.map(describe).filter(({memoryBytes}) => memoryBytes <= request.memoryBytes);
	if (fitting.length === 0) {
		const least = able.map(describe).sort((one, other) => one.memoryBytes - other.memoryBytes)[0]!;
		throw new InfinisstError('LIMIT_EXCEEDED', 'No model for this pair fits into that memory', {
			hint: `${least.name} needs least, about ${Math.ceil(least.memoryBytes / 1e6)} MB.`,
		});
	}
	const quick = fitting.filter(({load}) => load <= request.cores * MAX_SHARE_OF_CORES);
	// On a machine that is too slow for all of them the lightest is the best that can be had.
	return quick.length > 0 ? quick : fitting.sort((one, other) => one.load - other.load).slice(0, 1);
}

interface Chain {
	readonly hearing: ModelSummary;
	readonly text: ModelSummary | undefined;
}

function listAble(models: readonly ModelSummary[], {source, target}: RecommendationRequest): Chain[] {
	const texts = models
		.filter(({family}) => family !== 'whisper')
		.map(model => ({model, capabilities: textCapabilities(model)}));
	return models
		.filter(
			({family, languages}) => family === 'whisper' && (source === 'auto' || languages.includes(source)),
		)
		.flatMap((hearing): readonly Chain[] => {
			const speech = speechCapabilities(hearing);
			if (target === 'same' || target === source || speech.targets.includes(target)) {
				return [{hearing, text: undefined}];
			}
			return texts.flatMap(text => {
				try {
					routeTarget({source, target}, speech, [text]);
					return [{hearing, text: text.model}];
				} catch {
					return [];
				}
			});
		});
}

/** Text first: a mistake in it is what is read. Then what hears best. */
function compare(one: Chain, other: Chain): number {
	return rankOf(one) - rankOf(other) || other.hearing.sizeBytes - one.hearing.sizeBytes;
}

function rankOf({text}: Chain): number {
	if (text === undefined) return 0;
	const rank = BETTER_FIRST.findIndex(name => name.test(text.name));
	return rank === -1 ? BETTER_FIRST.length : rank;
}

function describe({hearing, text}: Chain): Recommendation {
	const chain = text === undefined ? [hearing] : [hearing, text];
	return {
		name: joinCombination(chain.map(({name}) => name)),
		memoryBytes: PROCESS_BYTES + chain.reduce((sum, model) => sum + weightBytes(model), 0),
		load: chain.reduce((sum, model) => sum + loadOf(model), 0),
		downloadBytes: chain.reduce((sum, {isInstalled, sizeBytes}) => sum + (isInstalled ? 0 : sizeBytes), 0),
		licences: [...new Set(chain.map(({licence}) => licence))],
		isInstalled: chain.every(({isInstalled}) => isInstalled),
	};
}

function weightBytes({name, family, sizeBytes}: ModelSummary): number {
	return family === 'decoder-lm' && !name.startsWith(PACKED) ? sizeBytes * LANGUAGE_MODEL_SHARE : sizeBytes;
}

function loadOf(model: ModelSummary): number {
	if (model.family === 'whisper') return HEARING_LOAD * (model.sizeBytes / HEARING_BYTES) ** HEARING_EXPONENT;
	return (TOKENS_PER_SECOND * weightBytes(model)) / BYTES_PER_SECOND;
}
