import type {ScriptedEngineOptions} from '../../src/core/engine/testing/scripted-engine.js';
import type {ScriptedChainOptions} from '../../src/core/engine/testing/open-scripted-chain.js';
import type {ReplicaModule} from '../../src/core/engine/transport/replica-module.js';

/** A scripted engine for a thread or a process to run; they run the built files (`npm run build`). */
export function scriptedReplica(options: ScriptedEngineOptions = {}): ReplicaModule {
	const module = new URL('../../src/core/engine/testing/open-scripted-replica.ts', import.meta.url).href;
	return {module, open: 'openScriptedReplica', options};
}

/** The same with a translator of its text behind it. */
export function scriptedChainReplica(options: ScriptedChainOptions): ReplicaModule {
	const module = new URL('../../src/core/engine/testing/open-scripted-chain.ts', import.meta.url).href;
	return {module, open: 'openScriptedChain', options};
}
