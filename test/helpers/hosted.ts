import type {LatencyMultiplier} from '../../src/core/engine/engine.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';
import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import type {ModelHost} from '../../src/server/models/model-host.js';
import type {ServerLimits, ServerSettings} from '../../src/server/server-settings.js';
import {createSessionHost} from '../../src/server/sessions/create-session-host.js';
import type {
	HostedEvent,
	HostedSession,
	OpenHostedSession,
	SessionHost,
} from '../../src/server/sessions/session-host.js';
import type {SessionRecorder} from '../../src/server/sessions/session-recorder.js';
import {
	openScriptedModelHost,
	type ScriptedModelHost,
	type ScriptedModelHostOptions,
} from '../../src/server/testing/scripted-model-host.js';
import {FakeClock} from './fake-clock.js';

export interface HostFixture {
	readonly clock: FakeClock;
	readonly models: ScriptedModelHost;
	readonly host: SessionHost;
	/** May be replaced. */
	settings: ServerSettings;
	/** What listeners and recorders threw. */
	readonly faults: unknown[];
}

export interface HostFixtureOptions extends Omit<ScriptedModelHostOptions, 'clock'> {
	readonly limits?: Partial<ServerLimits>;
	readonly settings?: Partial<ServerSettings>;
	readonly recorder?: SessionRecorder;
}

/** A session host over scripted engines, whose time passes when it is told to. */
export async function openHostFixture(options: HostFixtureOptions = {}): Promise<HostFixture> {
	const {limits, settings, recorder, ...models} = options;
	const clock = new FakeClock();
	const faults: unknown[] = [];
	const scripted = await openScriptedModelHost({...models, clock});
	const fixture: HostFixture = {
		clock,
		faults,
		models: scripted,
		settings: {
			...DEFAULT_SERVER_SETTINGS,
			...settings,
			limits: {...DEFAULT_SERVER_SETTINGS.limits, ...limits},
		},
		host: createSessionHost({
			models: scripted,
			settings: () => fixture.settings,
			clock,
			nowMs: () => 1_700_000_000_000 + clock.nowMs(),
			onFault: error => faults.push(error),
			...(recorder !== undefined && {recorder}),
		}),
	};
	return fixture;
}

let count = 0;

/** A session with its events, from the first on. */
export interface OpenedSession {
	readonly session: HostedSession;
	readonly events: HostedEvent[];
	/** Resolves when an event of this type was told, also if it was before. */
	readonly until: <Type extends HostedEvent['type']>(
		type: Type,
	) => Promise<Extract<HostedEvent, {type: Type}>>;
}

export function openHosted(
	host: SessionHost,
	{
		latencyMultiplier = 1,
		...request
	}: Partial<OpenHostedSession> & {latencyMultiplier?: LatencyMultiplier} = {},
): OpenedSession {
	return follow(
		host.open({
			id: `session ${count++}`,
			door: 'stream',
			options: {sourceLanguage: 'en', targets: ['same'], latencyMultiplier},
			...request,
		}),
	);
}

export function follow(session: HostedSession): OpenedSession {
	const events: HostedEvent[] = [];
	const waiting = new Set<() => void>();
	session.subscribe(event => {
		events.push(event);
		for (const check of [...waiting]) check();
	});
	return {
		session,
		events,
		until: type =>
			new Promise(resolve => {
				const check = (): void => {
					const found = events.find(event => event.type === type);
					if (found === undefined) return;
					waiting.delete(check);
					resolve(found as Extract<HostedEvent, {type: typeof type}>);
				};
				waiting.add(check);
				check();
			}),
	};
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
	for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** Not told by the host, but by the engine behind it. */
export function isOfEngine(event: HostedEvent): event is SessionEvent {
	return !['progress', 'session-reset', 'session-closed'].includes(event.type);
}

/** Names that the replicas know sessions by. */
export async function sessionsOfReplicas(models: ModelHost): Promise<string[]> {
	const replicas = await Promise.all([...models.routers().values()].map(router => router.statistics()));
	return replicas.flat().flatMap(({sessions}) => sessions.map(({id}) => id));
}

/** All finals of a target. */
export function textOf(events: readonly HostedEvent[], target = 'same'): string {
	return events
		.map(event => (event.type === 'text-final' && event.target === target ? event.text : ''))
		.join('');
}
