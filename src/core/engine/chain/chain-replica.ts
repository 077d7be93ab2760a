import {openTextTranslator, type TextModelOptions} from '../../translation/text/open-text-translator.js';
import type {TextTranslator} from '../../translation/text/text-translator.js';
import type {Engine} from '../engine.js';
import {openWhisperReplica, type WhisperReplicaOptions} from '../whisper-replica.js';
import {chainEngine} from './chain-engine.js';

export interface ChainReplicaOptions extends WhisperReplicaOptions {
	/** What translates the text, those preferred first; at least one. */
	readonly texts: readonly TextModelOptions[];
}

/**
 * Loads a Whisper model and those that translate its text into the calling thread.
 *
 * @throws {InfinisstError} as `openWhisperReplica()` and `openTextTranslator()`.
 */
export async function openChainReplica({texts, ...options}: ChainReplicaOptions): Promise<Engine> {
	const {id, model = [options.model ?? 'whisper', ...texts.map(({name}) => name)].join('+')} = options;
	const counts = new Map<string, number>();
	const translators: TextTranslator[] = [];
	let speech: Engine | undefined;
	try {
		for (const text of texts) {
			const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
			translators.push(await openTextTranslator(text, count));
		}
		speech = await openWhisperReplica(options);
		return chainEngine({id, model, speech, translators, counts});
	} catch (error) {
		await Promise.all([speech?.close(), ...translators.map(translator => translator.close())]);
		throw error;
	}
}
