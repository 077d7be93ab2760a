import type {
	SourceTurn,
	TextTranslation,
	TextTranslationChange,
	TextTranslationOptions,
	TextTranslator,
	TextTurn,
} from '../text-translator.js';

/** A text that the thread does not know, or no longer as its owner does. */
export interface OpenedText {
	readonly options: TextTranslationOptions;
	/** Of {@link TextTranslation.checkpoint}. */
	readonly state: unknown;
}

export interface TranslateCall {
	/** The owner's number of the text. */
	readonly text: number;
	readonly turn: SourceTurn;
	/** What was changed since the turn before. */
	readonly change: TextTranslationChange;
	/** Where the text begins anew. */
	readonly opens: OpenedText | undefined;
}

export interface TranslateAnswer {
	readonly turn: TextTurn;
	readonly state: unknown;
}

export interface ForgetCall {
	readonly text: number;
}

/** A text in the thread, and the call that came last, settled or not. */
interface Entry {
	translation: TextTranslation | undefined;
	last: Promise<unknown>;
}

/**
 * The calls that a thread answers for a translator, by method.
 *
 * @param opening - whoever calls is told why it failed.
 */
export function textCalls(opening: Promise<TextTranslator>) {
	opening.catch(() => undefined);
	const texts = new Map<number, Entry>();

	const translate = async (
		entry: Entry,
		{turn, change, opens}: TranslateCall,
		signal: AbortSignal,
	): Promise<TranslateAnswer> => {
		const translator = await opening;
		if (opens !== undefined) {
			entry.translation?.close();
			entry.translation = translator.open(opens.options, opens.state);
		}
		const translation = entry.translation!;
		translation.change(change);
		return {turn: await translation.translate(turn, signal), state: translation.checkpoint()};
	};

	return {
		open: async () => (await opening).capabilities,
		translate: (call: TranslateCall, signal: AbortSignal): Promise<TranslateAnswer> => {
			const entry = texts.get(call.text) ?? {translation: undefined, last: Promise.resolve()};
			texts.set(call.text, entry);
			// Its owner does not wait for what it gave up, but two turns of one text must not overlap.
			const answer = entry.last.then(() => translate(entry, call, signal));
			entry.last = answer.catch(() => undefined);
			return answer;
		},
		forget: async ({text}: ForgetCall): Promise<void> => {
			const entry = texts.get(text);
			texts.delete(text);
			await entry?.last;
			entry?.translation?.close();
		},
	};
}
