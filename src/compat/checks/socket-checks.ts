import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import {PAGE_CHUNK_SAMPLES, type ApiSocket} from '../api-socket.js';
import type {Check} from '../check.js';
import type {CheckContext} from '../check-context.js';
import {expectThat, NotApplicable} from '../mismatch.js';
import {silence} from '../speech.js';
import {wait} from '../wait.js';
import {UNKNOWN_SESSION} from './error-checks.js';
import {beginsAlike, hasText, longest} from './texts.js';

const FRAMES =
	'Server → client text frames: `INITIALIZING: …` while the model loads, then `READY: …`, then one frame per update holding the **whole translation so far** (the page replaces its text with it)';
const AUDIO =
	'binary frames = float32 little-endian mono 16 kHz samples, any length (the page sends 15 360 × latency_multiplier samples = 0.96 s × multiplier)';
const BAD_FRAMES =
	'Length not a multiple of 4, NaN/Inf, absurd amplitude, text that is no command: an `ERROR:` frame, session kept.';
const COMPLETE = '`PROCESSING_COMPLETE: …` after `EOF` once everything sent has been translated (not before)';
const STRETCH = 'After `EOF` the session stays usable: more audio starts a new stretch of text.';
const REPLACED = 'A second socket on the same session replaces the first (close 4001 `Replaced`)';
const RECONNECT =
	'a lost socket keeps the session until its timeout, and a reconnect goes on where it stopped, receiving the text so far after `READY`.';
const FASTER =
	'Faster than real time is legal (files): bounded buffering, with TCP backpressure, never unbounded memory, never dropped audio.';

/** Less than a chunk at the longest latency (3.84 s), but more than a few words. */
const SHORT_STRETCH_SAMPLES = 3.5 * SAMPLE_RATE_HZ;

/** The same words said again may be written a little differently; two stretches in one text are twice as long. */
const SAME_LENGTH = 1.6;

/** Times the clip is said for the check of long recordings. Their text must be at least two thirds as long as it should. */
const REPETITIONS = 3;

/** Much more than any server may hold back of one speaker: the buffers of the system take half a minute or so. */
const FLOOD_SECONDS = 300;

/** What is said and heard on the socket of a session. */
export const socketChecks: readonly Check[] = [
	{
		id: 'wss.unknown-session',
		title: 'accepts a socket for an unknown session and closes it with 4000',
		rule: 'Unknown id: accept, then close with code **4000**, reason `Invalid session ID`.',
		async run(context) {
			const socket = await context.openSocket(UNKNOWN_SESSION);
			const expected = 'a close with 4000 "Invalid session ID"';
			const {code, reason} = await socket.untilClosed(expected);
			expectThat(code === 4000 && reason === 'Invalid session ID', expected, {code, reason});
		},
	},
	{
		id: 'wss.ready',
		title: 'says READY before anything but INITIALIZING',
		rule: FRAMES,
		async run(context) {
			const socket = await context.openSocket(await context.openSession());
			const first = await socket.next('a READY: frame', frame => !frame.startsWith('INITIALIZING:'));
			expectThat(first.startsWith('READY:'), 'READY: as the first frame after INITIALIZING:', first);
		},
	},
	{
		id: 'wss.while-speaking',
		title: 'translates while somebody speaks, without waiting for EOF',
		rule: FRAMES,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			await socket.sendAudio(context.speech, {speed: context.settings.speed});
			await socket.sendAudio(silence(3), {speed: context.settings.speed});
			await socket.nextTranslation('a translation before EOF');
		},
	},
	{
		id: 'wss.whole-text',
		title: 'sends the whole translation so far with each update',
		rule: FRAMES,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const fromFrame = socket.frameCount;
			await socket.sendAudio(context.speech, {speed: context.settings.speed});
			const {texts, finalText} = await context.finish(socket, fromFrame);
			const updates = texts.filter(hasText);
			if (updates.length < 3) throw new NotApplicable(`only ${updates.length} updates came`);
			const middle = updates[Math.floor(updates.length / 2)]!;
			expectThat(
				beginsAlike(middle, finalText) && finalText.length >= 0.6 * longest(updates).length,
				'later updates to begin as those before and to be as long',
				{middle, last: finalText},
			);
		},
	},
	{
		id: 'wss.any-length',
		title: 'takes audio in frames of any length',
		rule: AUDIO,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const fromFrame = socket.frameCount;
			const lengths = [1, 160, 4000, 50_000, 7, 15_360];
			for (let [start, turn] = [0, 0]; start < context.speech.length; turn++) {
				const length = lengths[turn % lengths.length]!;
				await socket.sendAudio(context.speech.subarray(start, start + length), {chunkSamples: length});
				start += length;
			}

			const {finalText} = await context.finish(socket, fromFrame);
			expectNoErrors(socket);
			expectThat(hasText(finalText), 'a translation before PROCESSING_COMPLETE:', {finalText});
		},
	},
	{
		id: 'wss.page-chunks',
		title: 'takes the frames of the existing page at each latency multiplier',
		rule: AUDIO,
		async run(context) {
			for (const multiplier of [1, 2, 3, 4]) {
				const id = await context.openSession({latency_multiplier: multiplier});
				const socket = await context.connect(id);
				const fromFrame = socket.frameCount;
				await socket.sendAudio(context.speech, {chunkSamples: PAGE_CHUNK_SAMPLES * multiplier});
				const {finalText} = await context.finish(socket, fromFrame);
				expectNoErrors(socket);
				expectThat(hasText(finalText), `a translation at latency multiplier ${multiplier}`, {finalText});
				await context.post('/delete_session', {session_id: id});
			}
		},
	},
	{
		id: 'wss.eof-flushes',
		title: 'translates what is left at EOF, also less than a chunk, before PROCESSING_COMPLETE',
		rule: COMPLETE,
		async run(context) {
			const socket = await context.connect(await context.openSession({latency_multiplier: 4}));
			const {finalText} = await context.translate(socket, shortStretch(context));
			expectThat(hasText(finalText), 'a translation before PROCESSING_COMPLETE:', {finalText});
		},
	},
	{
		id: 'wss.complete-last',
		title: 'sends no more of a stretch after PROCESSING_COMPLETE',
		rule: COMPLETE,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const {endFrame} = await context.translate(socket, context.speech);
			await context.beQuiet();
			const late = socket.texts(endFrame).filter(hasText);
			expectThat(late.length === 0, 'nothing after PROCESSING_COMPLETE:', late);
		},
	},
	{
		id: 'wss.eof-nothing',
		title: 'answers EOF also if nothing was said',
		rule: COMPLETE,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const {texts} = await context.finish(socket, socket.frameCount);
			expectThat(!texts.some(hasText), 'no translation of nothing', texts);
		},
	},
	{
		id: 'wss.stretches',
		title: 'starts a new text with what is said after EOF',
		rule: STRETCH,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const first = await context.translate(socket, context.speech);
			const second = await context.translate(socket, context.speech);
			expectThat(hasText(second.finalText), 'a translation of what was said after EOF', second);
			expectThat(
				second.finalText.length <= SAME_LENGTH * first.finalText.length,
				'the text of what was said after EOF only',
				{first: first.finalText, second: second.finalText},
			);
		},
	},
	{
		id: 'wss.latency',
		title: 'takes LATENCY:n and confirms it',
		rule: '`LATENCY_UPDATED: Set to n`',
		async run(context) {
			const id = await context.openSession({latency_multiplier: 2});
			const socket = await context.connect(id);
			socket.sendText('LATENCY:3');
			const frame = await socket.nextCommand('LATENCY_UPDATED:');
			expectThat(frame === 'LATENCY_UPDATED: Set to 3', '"LATENCY_UPDATED: Set to 3"', frame);
			const session = await context.findInHealth(id);
			expectThat(session?.['latency_multiplier'] === 3, 'latency_multiplier 3 in GET /health', session);
		},
	},
	badFrame('wss.half-sample', 'refuses bytes that are no whole samples', 'five bytes', socket =>
		socket.sendBytes(new Uint8Array(5)),
	),
	badFrame('wss.not-a-number', 'refuses samples that are no numbers', 'NaN', socket =>
		socket.sendBytes(frameWith(Number.NaN)),
	),
	badFrame('wss.infinite', 'refuses infinite samples', 'infinity', socket =>
		socket.sendBytes(frameWith(-Infinity)),
	),
	badFrame('wss.absurd-amplitude', 'refuses samples of an absurd amplitude', 'a sample of 1e30', socket =>
		socket.sendBytes(frameWith(1e30)),
	),
	badFrame('wss.unknown-text', 'refuses text that is no command', 'the text HELLO', socket =>
		socket.sendText('HELLO'),
	),
	badFrame('wss.latency-range', 'refuses latency multipliers that there are not', 'LATENCY:9', socket =>
		socket.sendText('LATENCY:9'),
	),
	{
		id: 'wss.replaced',
		title: 'lets a second socket of a session replace the first, which it closes with 4001',
		rule: REPLACED,
		async run(context) {
			const id = await context.openSession();
			const first = await context.connect(id);
			const second = await context.connect(id);
			const expected = 'the first socket to be closed with 4001 "Replaced"';
			const {code, reason} = await first.untilClosed(expected);
			expectThat(code === 4001 && reason === 'Replaced', expected, {code, reason});
			second.sendText('EOF');
			await second.nextCommand('PROCESSING_COMPLETE:');
		},
	},
	{
		id: 'wss.lost-socket',
		title: 'keeps the session of a socket that was lost',
		rule: RECONNECT,
		async run(context) {
			const id = await context.openSession();
			(await context.connect(id)).terminate();
			await context.beQuiet();
			const status = await context.queueStatus(id);
			expectThat(status['status'] !== 'not_found', 'the session to be there still', status);
			const socket = await context.connect(id);
			socket.sendText('EOF');
			await socket.nextCommand('PROCESSING_COMPLETE:');
		},
	},
	{
		id: 'wss.reconnect',
		title: 'sends the text so far to a socket that comes back',
		rule: RECONNECT,
		async run(context) {
			const {before, after} = await reconnect(context);
			const text = await after.nextTranslation('the text so far after READY:');
			expectThat(beginsAlike(text, before), 'the text so far after READY:', {before, after: text});
		},
	},
	{
		id: 'wss.goes-on',
		title: 'goes on with the text where a lost socket stopped',
		rule: RECONNECT,
		async run(context) {
			const {before, after} = await reconnect(context);
			const {finalText} = await context.translate(after, context.speech);
			expectThat(
				beginsAlike(finalText, before) && finalText.length > before.length,
				'the text from before, and more',
				{before, after: finalText},
			);
		},
	},
	{
		id: 'wss.faster',
		title: 'translates all of a recording that is sent at once',
		rule: FASTER,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const once = await context.translate(socket, context.speech);
			const fromFrame = socket.frameCount;
			for (let turn = 0; turn < REPETITIONS; turn++) await socket.sendAudio(context.speech);
			const {finalText} = await context.finish(socket, fromFrame);
			expectThat(
				finalText.length >= (2 / 3) * REPETITIONS * once.finalText.length,
				`the text of a recording said ${REPETITIONS} times to be about ${REPETITIONS} times as long`,
				{once: once.finalText.length, times: finalText.length},
			);
		},
	},
	{
		id: 'wss.backpressure',
		title: 'takes no more audio than it can soon translate',
		rule: FASTER,
		async run(context) {
			const socket = await context.connect(await context.openSession());
			const patienceMs = 3 * context.settings.quietMs;
			const withinTime = (work: Promise<boolean>): Promise<boolean> => {
				// It ends with the socket, if not before.
				work.catch(() => undefined);
				return Promise.race([work, wait(patienceMs, context.signal).then(() => false)]);
			};
			const chunks = Math.ceil((FLOOD_SECONDS * SAMPLE_RATE_HZ) / context.speech.length);
			const sending = (async () => {
				for (let turn = 0; turn < chunks; turn++) await socket.sendAudio(context.speech);
				return true;
			})();
			const isTaken = await withinTime(sending);
			if (!isTaken) return;
			socket.sendText('EOF');
			const isDone = await withinTime(socket.nextCommand('PROCESSING_COMPLETE:').then(() => true));
			expectThat(
				isDone,
				`${FLOOD_SECONDS} s of speech to be taken slowly, or translated as fast as they are taken`,
				`all of it was taken within ${patienceMs} ms and not translated ${patienceMs} ms later`,
			);
		},
	},
];

function badFrame(id: string, title: string, what: string, send: (socket: ApiSocket) => void): Check {
	return {
		id,
		title,
		rule: BAD_FRAMES,
		async run(context) {
			const sessionId = await context.openSession();
			const socket = await context.connect(sessionId);
			send(socket);
			await socket.next(`an ERROR: frame for ${what}`, frame => frame.startsWith('ERROR:'));
			socket.sendText('EOF');
			await socket.next('the session to be kept, and to answer EOF', frame =>
				frame.startsWith('PROCESSING_COMPLETE:'),
			);
		},
	};
}

/** A frame of silence but for one sample. */
function frameWith(sample: number): Uint8Array {
	const samples = new Float32Array(1600);
	samples[800] = sample;
	return new Uint8Array(samples.buffer);
}

function shortStretch({speech}: CheckContext): Float32Array {
	return speech.subarray(0, SHORT_STRETCH_SAMPLES);
}

/** Says something, waits for text, loses the socket and opens another. */
async function reconnect(context: CheckContext): Promise<{before: string; after: ApiSocket}> {
	const id = await context.openSession();
	const socket = await context.connect(id);
	const fromFrame = socket.frameCount;
	await socket.sendAudio(context.speech);
	await socket.sendAudio(silence(3));
	await socket.nextTranslation('a translation before EOF');
	await context.beQuiet();
	const before = socket.texts(fromFrame).findLast(hasText) ?? '';
	socket.terminate();
	return {before, after: await context.connect(id)};
}

function expectNoErrors(socket: ApiSocket): void {
	const errors = socket.errors();
	expectThat(errors.length === 0, 'no ERROR: frame', errors);
}
