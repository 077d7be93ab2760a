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

export async function openReplicaModule({module, open, options}: ReplicaModule): Promise<Engine> {
	const exports = (await import(module)) as Readonly<
		Record<string, (options: unknown) => Engine | Promise<Engine>>
	>;
	return exports[open]!(options);
}
