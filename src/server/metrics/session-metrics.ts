import {Counter, Gauge, Histogram} from 'prom-client';

import type {ServerParts} from '../server-parts.js';
import type {HostedSession, SessionStatus} from '../sessions/session-host.js';

/** A look comes each second or two; what is later than 30 s is no longer live. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30];

/** @returns stops it. */
export function measureSessions({metrics, sessions}: Pick<ServerParts, 'metrics' | 'sessions'>): () => void {
	const registers = [metrics];
	new Gauge({
		name: 'infinisst_sessions',
		help: 'Sessions there are, by status.',
		labelNames: ['status'],
		registers,
		collect() {
			const counts: Record<Exclude<SessionStatus, 'ended'>, number> = {initializing: 0, queued: 0, active: 0};
			for (const {progress} of sessions.list()) {
				if (progress.status !== 'ended') counts[progress.status]++;
			}
			for (const [status, count] of Object.entries(counts)) this.set({status}, count);
		},
	});
	new Gauge({
		name: 'infinisst_queue_length',
		help: 'Sessions that wait for a place.',
		registers,
		collect() {
			this.set(sessions.list().filter(({progress}) => progress.status === 'queued').length);
		},
	});
	const opened = new Counter({
		name: 'infinisst_sessions_opened_total',
		help: 'Sessions that were opened, by the door they came in by.',
		labelNames: ['door'],
		registers,
	});
	const closed = new Counter({
		name: 'infinisst_sessions_closed_total',
		help: 'Sessions that are over: ended by themselves, or taken away.',
		labelNames: ['outcome'],
		registers,
	});
	const audio = new Counter({
		name: 'infinisst_audio_seconds_total',
		help: 'Audio that was taken.',
		registers,
	});
	const characters = new Counter({
		name: 'infinisst_final_characters_total',
		help: 'Characters of text that became final.',
		registers,
	});
	const lag = new Histogram({
		name: 'infinisst_lag_seconds',
		help: 'Wall time from the arrival of audio to its text, at each look at the audio.',
		buckets: LAG_BUCKETS,
		registers,
	});

	return sessions.watch(session => {
		opened.inc({door: session.door});
		const countAudio = createAudioCount(session, audio);
		const stop = session.subscribe(event => {
			switch (event.type) {
				case 'text-final':
					characters.inc(event.text.length);
					break;
				case 'lag-measured':
					lag.observe(event.lagMs / 1000);
					countAudio();
					break;
				case 'session-closed':
					countAudio();
					closed.inc({outcome: event.cause === undefined ? 'ended' : 'taken_away'});
					stop();
					break;
				case 'text-partial':
				case 'segment-ended':
				case 'language-detected':
				case 'warning-raised':
				case 'stretch-ended':
				case 'session-ended':
				case 'progress':
				case 'session-reset':
			}
		});
	});
}

/** Counts what came since it was called last. */
function createAudioCount(session: HostedSession, counter: Counter): () => void {
	let countedMs = 0;
	return () => {
		const {audioMs} = session;
		if (audioMs > countedMs) counter.inc((audioMs - countedMs) / 1000);
		countedMs = audioMs;
	};
}
