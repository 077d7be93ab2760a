import type {Registry} from 'prom-client';

import type {Clock} from '../core/util/clock.js';
import type {MountedHistory} from './history/mounted-history.js';
import type {ModelHost} from './models/model-host.js';
import type {SessionLog} from './compatible/session-log.js';
import type {ServerSettings} from './server-settings.js';
import type {SessionHost} from './sessions/session-host.js';
import type {SessionRecorder} from './sessions/session-recorder.js';
import type {StreamArchive} from './stream/stream-archive.js';

/** What routes and sockets work with. */
export interface ServerParts {
	/** As they are now: some change while the server runs, so ask each time. */
	readonly settings: () => ServerSettings;
	readonly sessions: SessionHost;
	readonly models: ModelHost;
	/** Keeps streams over a restart. @default one in memory, that does not */
	readonly archive?: StreamArchive;
	/** Knows sessions of servers before this one. @default one in memory, that does not */
	readonly sessionLog?: SessionLog;
	/** Is told of recordings that are sent whole; of sessions their host tells. @default nobody is */
	readonly recorder?: Pick<SessionRecorder, 'openUpload'>;
	/** Shown below /history/. @default nothing is */
	readonly mountedHistory?: MountedHistory;
	readonly metrics: Registry;
	readonly clock: Clock;
	/** Where pages of one's own are looked for, and folders for them made; undefined: nowhere. */
	readonly workingDirectory?: string;
	/** Fires when the server shuts down: what waits gives up. */
	readonly signal: AbortSignal;
}
