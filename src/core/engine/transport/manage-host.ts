import type {RemoteEngine} from './remote-engine.js';

/** The thread or process that an engine runs in. */
export interface EngineHost {
	/** Lets it end in its own time, its engine having been given up. */
	end(): Promise<void>;
	/** Ends it now. */
	kill(): Promise<void>;
	/** It does not answer any more: ends what may be left of it. */
	abandon(): Promise<void>;
}

/** An engine that takes its thread or process with it when it is closed, destroyed, or lost. */
export function manageHost(engine: RemoteEngine, host: EngineHost): RemoteEngine {
	let closing: Promise<void> | undefined;
	let destroying: Promise<void> | undefined;
	void engine.gone.then(() => host.abandon());
	return {
		contractVersion: engine.contractVersion,
		id: engine.id,
		capabilities: engine.capabilities,
		gone: engine.gone,
		openSession: (options, open) => engine.openSession(options, open),
		statistics: () => engine.statistics(),
		configure: settings => engine.configure(settings),
		close: () => (closing ??= engine.close().then(() => host.end())),
		destroy: reason => (destroying ??= engine.destroy(reason).then(() => host.kill())),
	};
}
