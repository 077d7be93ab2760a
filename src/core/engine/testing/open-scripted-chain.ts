import {
	createScriptedTextTranslator,
	type ScriptedTextTranslatorOptions,
} from '../../translation/text/testing/scripted-text-translator.js';
import {chainEngine} from '../chain/chain-engine.js';
import type {Engine} from '../engine.js';
import {createScriptedEngine, type ScriptedEngineOptions} from './scripted-engine.js';

export interface ScriptedChainOptions extends ScriptedEngineOptions {
	/** What the translator reads, and what it writes for each. */
	readonly pairs: ScriptedTextTranslatorOptions['pairs'];
}

/** A scripted engine whose text is translated on, word by word; what a thread or a process runs for tests. */
export function openScriptedChain({pairs, ...options}: ScriptedChainOptions): Engine {
	return chainEngine({
		id: options.id ?? 'scripted-chain',
		speech: createScriptedEngine(options),
		translators: [createScriptedTextTranslator({pairs})],
		...(options.clock !== undefined && {clock: options.clock}),
	});
}
