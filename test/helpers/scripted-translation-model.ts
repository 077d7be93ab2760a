import {InfinisstError} from '../../src/core/errors.js';
import type {
	TranslationModel,
	TranslationRequest,
	TranslationResult,
} from '../../src/core/models/seq2seq/translation-model.js';
import type {TranslationTokenizer} from '../../src/core/models/seq2seq/translation-tokenizer.js';

export interface ScriptedTranslationModelOptions {
	/** What the words so far become; without spaces around words. */
	readonly translate: (words: readonly string[], target: string) => readonly string[];
	/** Which source word a target word stands for, by places. @default the same place */
	readonly align?: (place: number, words: number) => number;
	/** @default true */
	readonly tellsAlignment?: boolean;
	/** How target words are joined. @default ' ' */
	readonly space?: string;
	/** Of a source, its end included, and of a translation with what steers it. @default 512 */
	readonly maxTokens?: number;
	/** Told of each request. */
	readonly onRequest?: (request: TranslationRequest, source: readonly string[]) => void;
	/** Waited for by each call. */
	readonly before?: () => Promise<void>;
}

const END = 0;

/** A model of whole words: each is a token of its own. What follows a forced prefix is what it would write at that place. */
export function createScriptedTranslationModel({
	translate,
	align = (place, words) => Math.min(place, words - 1),
	tellsAlignment = true,
	space = ' ',
	maxTokens = 512,
	onRequest,
	before = () => Promise.resolve(),
}: ScriptedTranslationModelOptions): TranslationModel {
	const texts: string[] = ['</s>'];
	const ids = new Map<string, number>();
	const idOf = (text: string): number => {
		const known = ids.get(text) ?? texts.length;
		if (known === texts.length) {
			texts.push(text);
			ids.set(text, known);
		}
		return known;
	};
	const tokenizer: TranslationTokenizer = {
		encodeSource: words => ({
			tokens: [...words.map(word => idOf(word.trim())), END],
			wordOf: [...words.keys(), undefined],
		}),
		encodeTarget: text => {
			const words = text.match(space === '' ? /\S/gu : /\S+/gu) ?? [];
			return words.map(word => idOf(word));
		},
		continuesWord: () => false,
		decodeTarget: tokens => tokens.map(token => texts[token]!).join(space),
	};
	let isClosed = false;
	const one = (request: TranslationRequest): TranslationResult => {
		const words = request.tokens.slice(0, -1).map(token => texts[token]!);
		onRequest?.(request, words);
		const whole = translate(words, request.target).map(word => idOf(word));
		const from = request.forcedPrefix?.length ?? 0;
		const tokens = whole.slice(from, from + (request.maxTokens ?? Infinity));
		return {
			tokens,
			logProbabilities: tokens.map(() => Math.log(0.5)),
			alignments: tellsAlignment
				? tokens.map((_, place) => {
						const weights = new Float32Array(request.tokens.length).fill(0.01);
						weights[align(from + place, words.length)] = 1;
						return weights;
					})
				: undefined,
			score: -tokens.length,
			isComplete: true,
		};
	};
	return {
		name: 'scripted',
		pairs: new Map([['en', ['de', 'zh', 'th']]]),
		tokenizer,
		maxTokens,
		translate: async (requests, signal) => {
			signal?.throwIfAborted();
			await before();
			signal?.throwIfAborted();
			if (isClosed) throw new InfinisstError('RESOURCE_CLOSED', 'scripted was closed');
			for (const {tokens, forcedPrefix = []} of requests) {
				// Start, language, and one token to write.
				if (Math.max(tokens.length, forcedPrefix.length + 3) > maxTokens)
					throw new InfinisstError('LIMIT_EXCEEDED', 'a text is too long for scripted');
			}
			return requests.map(one);
		},
		statistics: () => {
			throw new Error('nobody asks');
		},
		close: () => {
			isClosed = true;
			return Promise.resolve();
		},
	};
}
