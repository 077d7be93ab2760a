import type {EncodeOptions, LanguageTokenizer} from './language-tokenizer.js';
import {WrittenTokens} from './written-tokens.js';

/** What tells one kind of tokenizer from another. */
export interface TokenizerParts {
	/** UTF-8 of every token by id; empty for those that write nothing. */
	readonly bytes: readonly Uint8Array[];
	/** Ids of all tokens by how they are written. */
	readonly ids: ReadonlyMap<string, number>;
	/** How the steering tokens are written, and their ids. */
	readonly steering: ReadonlyMap<string, number>;
	/** A text without steering tokens. @param continues - see {@link EncodeOptions}; never after a steering token. */
	readonly encodePlain: (text: string, continues: boolean) => number[];
}

export function createLanguageTokenizer({
	bytes,
	ids,
	steering,
	encodePlain,
}: TokenizerParts): LanguageTokenizer {
	const steeringTokens = new Set(steering.values());
	const written = new WrittenTokens(steering);
	const none = new Uint8Array(0);
	const bytesOf = (token: number): Uint8Array => bytes[token] ?? none;
	return {
		size: bytes.length,
		steeringTokens,
		encode: (text, {withSteering = false, continues = false}: EncodeOptions = {}) => {
			if (text === '') return [];
			if (!withSteering) return encodePlain(text, continues);
			return written
				.split(text)
				.flatMap((part, index) =>
					typeof part === 'number' ? part : encodePlain(part, continues || index > 0),
				);
		},
		decode: tokens => new TextDecoder().decode(Buffer.concat(tokens.map(bytesOf))),
		bytes: bytesOf,
		find: text => ids.get(text),
		openStream: () => {
			const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
			return {
				push: token => decoder.decode(bytesOf(token), {stream: true}),
				end: () => decoder.decode(),
			};
		},
	};
}
