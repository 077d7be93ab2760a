import type {Engine} from '../engine.js';
import {createScriptedEngine, type ScriptedEngineOptions} from './scripted-engine.js';

/** What a thread or a process runs for tests: see `ReplicaModule`. */
export function openScriptedReplica(options: ScriptedEngineOptions): Engine {
	return createScriptedEngine(options);
}
