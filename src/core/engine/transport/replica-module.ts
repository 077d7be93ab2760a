import {InfinisstError} from '../../errors.js';
import type {Engine} from '../engine.js';

/** What a thread or a process shall run, as data that can be sent there. */
export interface ReplicaModule {
	/** Address of a module, as `import.meta.resolve()` gives it. */
	readonly module: string;
	/** Name of the function it exports that opens the engine, given {@link options}. */
	readonly open: string;
	/** Plain data. */
	readonly options: unknown;
}

/** @throws whatever the function throws. */
export async function openReplicaModule({module, open, options}: ReplicaModule): Promise<Engine> {
	const exports = (await import(module)) as Readonly<Record<string, unknown>>;
	const openEngine = exports[open];
	if (typeof openEngine === 'function') {
		return (openEngine as (options: unknown) => Engine | Promise<Engine>)(options);
	}

	throw new InfinisstError('INTERNAL_FAULT', `${module} exports no function ${open}`);
}
