import type {FastifyInstance} from 'fastify';

import type {ServerParts} from '../server-parts.js';
import {readBodies} from './bodies.js';
import {CompatibleSessions} from './compatible-sessions.js';
import {answerFailures} from './failures.js';
import {registerEngine} from './routes/engine.js';
import {registerEvaluation} from './routes/evaluation.js';
import {registerHealth} from './routes/health.js';
import {registerInit} from './routes/init.js';
import {registerModels} from './routes/models.js';
import {registerSessionControl} from './routes/session-control.js';
import {MemorySessionLog, type SessionLog} from './session-log.js';
import {SessionNames} from './session-names.js';
import {registerWss} from './wss/wss-route.js';

export interface CompatibleOptions {
	/** @default the newest thousand, in memory */
	readonly log?: SessionLog;
}

/**
 * Adds the API of the InfiniSST "Ray serving" system but for its media and pages. Needs a scope of its own, with sockets
 * registered, because it reads bodies and answers failures in its own way.
 */
export async function registerCompatible(
	app: FastifyInstance,
	parts: ServerParts,
	{log = parts.sessionLog ?? new MemorySessionLog()}: CompatibleOptions = {},
): Promise<void> {
	await readBodies(app, parts.settings().limits.bodyBytes);
	answerFailures(app, parts);
	// Parameters may come from several places at once: `readParameters` checks them, the schemas describe them.
	app.setValidatorCompiler(() => (value: unknown) => ({value}));
	const sessions = new CompatibleSessions({host: parts.sessions, log, clock: parts.clock});
	const names = new SessionNames(Date.now);
	registerInit(app, {...parts, sessions, names});
	registerSessionControl(app, {sessions});
	registerModels(app, {...parts, sessions, names});
	registerHealth(app, {...parts, sessions, log});
	registerEngine(app, {...parts, sessions});
	registerEvaluation(app, {...parts, sessions});
	registerWss(app, {...parts, sessions});
}
