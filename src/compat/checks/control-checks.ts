import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import type {Check} from '../check.js';
import {describeAnswer} from '../check-context.js';
import {expectFields} from '../expect-fields.js';
import {expectThat, NotApplicable} from '../mismatch.js';
import {wait} from '../wait.js';
import {UNKNOWN_SESSION} from './error-checks.js';
import {expectLogicalFailure, expectRefused, expectSuccess} from './expect-answers.js';
import {hasText} from './texts.js';

const PING = '`POST /ping {session_id}` → `{success:true}` or `{success:false, error:"Invalid session ID"}`.';
const IDLE = 'A session whose client has neither pinged nor sent for 300 s is removed.';
const RESET =
	'`POST /reset_translation {session_id}` → really forgets text, audio and caches; `{success, status:"success", message, session_type}`.';
const LATENCY = '`POST /update_latency {session_id, latency_multiplier}` → takes effect on the next chunk.';
const DELETE = '`POST /delete_session {session_id}` → `{success:true}`; unknown id is also `{success:true}`.';

/** A server may look for sessions that were left only now and then. */
const IDLE_GRACE = 1.5;

/** What clients do with a session beside its socket. */
export const controlChecks: readonly Check[] = [
	{
		id: 'ping.known',
		title: 'answers a ping of a session',
		rule: PING,
		async run(context) {
			const id = await context.openSession();
			expectSuccess(await context.post('/ping', {session_id: id}), 'POST /ping');
		},
	},
	{
		id: 'ping.unknown',
		title: 'answers a ping of no session with "Invalid session ID"',
		rule: PING,
		async run(context) {
			const answer = await context.post('/ping', {session_id: UNKNOWN_SESSION});
			const error = expectLogicalFailure(answer, 'POST /ping of an unknown session');
			expectThat(error === 'Invalid session ID', 'the error "Invalid session ID"', error);
		},
	},
	{
		id: 'ping.idle',
		title: 'removes sessions that were left, and keeps those that ping',
		rule: IDLE,
		extraMs: ({idleMs = 0}) => IDLE_GRACE * idleMs,
		async run(context) {
			const {idleMs} = context.settings;
			if (idleMs === undefined) {
				throw new NotApplicable('it takes longer than 300 s; --idle 300 waits for it');
			}

			const [left, kept] = [await context.openSession(), await context.openSession()];
			const endMs = performance.now() + IDLE_GRACE * idleMs;
			while (performance.now() < endMs && !context.signal.aborted) {
				await context.post('/ping', {session_id: kept});
				await wait(idleMs / 8, context.signal);
			}

			const [leftStatus, keptStatus] = [await context.queueStatus(left), await context.queueStatus(kept)];
			expectThat(keptStatus['status'] !== 'not_found', 'the session that pinged to be there', keptStatus);
			expectThat(leftStatus['status'] === 'not_found', 'the session that was left to be gone', leftStatus);
		},
	},
	{
		id: 'reset.answer',
		title: 'answers a reset',
		rule: RESET,
		async run(context) {
			const id = await context.openSession();
			const answer = await context.post('/reset_translation', {session_id: id});
			const body = expectSuccess(answer, 'POST /reset_translation');
			const fields = {status: 'string', message: 'string', session_type: 'string'} as const;
			const {status} = expectFields(body, fields, 'the answer to POST /reset_translation');
			expectThat(status === 'success', 'status "success"', body);
		},
	},
	{
		id: 'reset.text',
		title: 'forgets the text at a reset',
		rule: RESET,
		async run(context) {
			const id = await context.openSession();
			const socket = await context.connect(id);
			await socket.sendAudio(context.speech);
			await socket.nextTranslation('a translation before EOF');
			await context.post('/reset_translation', {session_id: id});
			await context.beQuiet();
			socket.terminate();
			const again = await context.connect(id);
			await context.beQuiet();
			const remembered = again.texts(0).filter(hasText);
			expectThat(remembered.length === 0, 'no text after READY:, as it was forgotten', remembered);
		},
	},
	{
		id: 'reset.audio',
		title: 'forgets the audio at a reset',
		rule: RESET,
		async run(context) {
			const id = await context.openSession({latency_multiplier: 4});
			const socket = await context.connect(id);
			// Less than a chunk: nothing of it need be translated yet.
			await socket.sendAudio(context.speech.subarray(0, 3.5 * SAMPLE_RATE_HZ));
			// What travels on the socket arrives before what is asked beside it.
			await context.beQuiet();
			await context.post('/reset_translation', {session_id: id});
			await context.beQuiet();
			const {texts} = await context.finish(socket, socket.frameCount);
			expectThat(!texts.some(hasText), 'no translation of what was said before the reset', texts);
		},
	},
	{
		id: 'latency.update',
		title: 'changes the latency multiplier of a session that runs',
		rule: LATENCY,
		async run(context) {
			const id = await context.openSession({latency_multiplier: 2});
			const update = {session_id: id, latency_multiplier: 4};
			expectSuccess(await context.post('/update_latency', update), 'POST /update_latency');
			const session = await context.findInHealth(id);
			expectThat(session?.['latency_multiplier'] === 4, 'latency_multiplier 4 in GET /health', session);
		},
	},
	{
		id: 'latency.range',
		title: 'refuses latency multipliers that there are not',
		rule: LATENCY,
		async run(context) {
			const id = await context.openSession({latency_multiplier: 2});
			const update = {session_id: id, latency_multiplier: 7};
			const what = 'POST /update_latency with latency_multiplier 7';
			expectRefused(await context.post('/update_latency', update), what);
			const session = await context.findInHealth(id);
			expectThat(session?.['latency_multiplier'] === 2, 'latency_multiplier 2 in GET /health', session);
		},
	},
	{
		id: 'delete.known',
		title: 'deletes a session at once',
		rule: DELETE,
		async run(context) {
			const id = await context.openSession();
			expectSuccess(await context.post('/delete_session', {session_id: id}), 'POST /delete_session');
			const status = await context.queueStatus(id);
			expectThat(status['status'] === 'not_found', 'status "not_found" afterwards', status);
			const ping = await context.post('/ping', {session_id: id});
			expectThat(
				!ping.text.includes('true'),
				'POST /ping of the deleted session to fail',
				describeAnswer(ping),
			);
		},
	},
	{
		id: 'delete.unknown',
		title: 'takes the deletion of no session for done',
		rule: DELETE,
		async run(context) {
			const answer = await context.post('/delete_session', {session_id: UNKNOWN_SESSION});
			expectSuccess(answer, 'POST /delete_session of an unknown session');
		},
	},
];
