import {InfinisstError} from '../../../errors.js';
import type {LanguageModel, LanguageModelContext} from '../../../models/decoder-lm/language-model.js';
import {MAX_CACHE_TOKENS} from '../text-settings.js';
import type {TextTranslator} from '../text-translator.js';
import {AgentTranslation, type DialogueTokens} from './agent-translation.js';
import {formatDialogue} from './dialogue-format.js';
import {findNonLanguageTokens, findWordPieces, type WordPieces} from './token-rules.js';

export interface AgentTranslatorOptions {
	/** The translator's from now on. */
	readonly model: LanguageModel;
	/** As people name it. */
	readonly name: string;
	/** Codes of the languages that the model reads and writes. */
	readonly languages: readonly string[];
	/** Instruction and newest turns; older ones leave. At most half of what the model can read. @default {@link MAX_CACHE_TOKENS} */
	readonly maxCacheTokens?: number;
	/** Told of each term of a glossary that was said, and whether its translation was written. */
	readonly onTerm?: (isKept: boolean) => void;
}

/** What all sessions from one language into another share. */
interface Pair {
	readonly dialogue: DialogueTokens;
	readonly suppressed: Int32Array;
	/** Has read the head; sessions go on from copies of it. */
	readonly head: {context: Promise<LanguageModelContext> | undefined};
}

/** Translates text with a language model that is prompted, as {@link AgentTranslation} tells. */
export function openAgentTranslator(options: AgentTranslatorOptions): TextTranslator {
	const {model, name, languages, maxCacheTokens = MAX_CACHE_TOKENS, onTerm = () => undefined} = options;
	const pairs = new Map(languages.map(source => [source, languages.filter(target => target !== source)]));
	const prepared = new Map<string, Pair>();
	/** The same for all pairs; only who has a glossary needs them. */
	let wordPieces: WordPieces | undefined;
	let isClosed = false;

	const prepare = (sourceLanguage: string, target: string): Pair => {
		const key = `${sourceLanguage} ${target}`;
		const pair = prepared.get(key) ?? preparePair(model, {sourceLanguage, target});
		prepared.set(key, pair);
		return pair;
	};
	const openContext = async ({dialogue, head}: Pair, signal?: AbortSignal): Promise<LanguageModelContext> => {
		// Nobody gives up what others wait for too.
		head.context ??= readHead(model, dialogue.head).catch((error: unknown) => {
			head.context = undefined;
			throw error;
		});
		const context = await head.context;
		signal?.throwIfAborted();
		return context.fork();
	};

	return {
		capabilities: {model: name, pairs},
		open(open, state) {
			if (isClosed) throw new InfinisstError('RESOURCE_CLOSED', `${name} was closed`);
			const {sourceLanguage, target} = open;
			if (pairs.get(sourceLanguage)?.includes(target) !== true) {
				throw new InfinisstError(
					'LANGUAGE_PAIR_UNSUPPORTED',
					`${name} does not translate ${sourceLanguage} into ${target}`,
					{hint: `It knows ${languages.join(', ')}.`},
				);
			}
			const pair = prepare(sourceLanguage, target);
			const parts = {
				model,
				// What is said in a turn must fit behind it.
				maxCacheTokens: Math.min(maxCacheTokens, Math.floor(model.description.maxTokens / 2)),
				onTerm,
				dialogue: pair.dialogue,
				suppressed: pair.suppressed,
				wordPieces: () => (wordPieces ??= findWordPieces(model.tokenizer)),
				openContext: (signal?: AbortSignal) => openContext(pair, signal),
			};
			return new AgentTranslation(parts, open, state);
		},
		async close() {
			isClosed = true;
			await model.close();
		},
	};
}

function preparePair(
	model: LanguageModel,
	{sourceLanguage, target}: {readonly sourceLanguage: string; readonly target: string},
): Pair {
	const {tokenizer, description} = model;
	const {beginToken, chatTemplate, endTokens} = description;
	const begin = beginToken === undefined ? [] : [beginToken];
	const format = formatDialogue({sourceLanguage, target, chatTemplate, beginText: ''});
	const encode = (text: string, continues: boolean): number[] =>
		tokenizer.encode(text, {withSteering: true, continues});
	return {
		dialogue: {
			head: [...begin, ...encode(format.head, false)],
			middle: encode(format.middle, true),
			next: encode(format.next, true),
			stop: format.stop,
			space: format.space,
		},
		suppressed: findNonLanguageTokens(tokenizer, target, new Set(endTokens)),
		head: {context: undefined},
	};
}

async function readHead(model: LanguageModel, head: readonly number[]): Promise<LanguageModelContext> {
	const context = model.openContext();
	try {
		await model.step(context, head);
	} catch (error) {
		context.destroy();
		throw error;
	}
	return context;
}
