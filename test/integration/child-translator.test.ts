import {copyFile} from 'node:fs/promises';
import {constants, getPriority} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it, onTestFinished} from 'vitest';
import {InfinisstError} from '../../src/core/errors.js';
import {DEFAULT_PRECISION} from '../../src/core/models/precision.js';
import {wordErrorRate} from '../../src/core/scoring/error-rate.js';
import {openChildTranslator} from '../../src/core/translation/process/child-translator.js';
import type {RecordingRequest} from '../../src/core/translation/process/recording-translator.js';
import type {TranslationEvent} from '../../src/core/translation/translation-event.js';
import {rejectionOf} from '../helpers/rejection-of.js';
import {isRunning} from '../helpers/is-running.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../helpers/whisper-base.js';

const kennedy = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));
const kennedyText =
	'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';

const request = (parts: Partial<RecordingRequest> = {}): RecordingRequest => ({
	path: kennedy,
	name: 'talk.flac',
	options: {sourceLanguage: 'en', task: 'transcribe'},
	...parts,
});

async function openTranslator() {
	let processId = 0;
	const translator = await openChildTranslator({
		graphsDirectory: await ensureWhisperBase(DEFAULT_PRECISION),
		onStart: id => (processId = id),
	});
	onTestFinished(() => translator.destroy());
	return {translator, processId};
}

async function read(events: AsyncIterable<TranslationEvent>): Promise<TranslationEvent[]> {
	const read: TranslationEvent[] = [];
	for await (const event of events) read.push(event);
	return read;
}

const textOf = (events: readonly TranslationEvent[]): string =>
	events.flatMap(event => (event.type === 'segment-final' ? [event.segment.text] : [])).join(' ');

describeWithWhisperBase('a translator in a process of its own', () => {
	it('translates recordings, two at a time too, behind what is live, and ends when it is closed', async () => {
		const {translator, processId} = await openTranslator();
		expect(getPriority(processId)).toBe(constants.priority.PRIORITY_BELOW_NORMAL);
		const running = [read(translator.translate(request())), read(translator.translate(request()))];
		// As Ctrl-C does, which all processes of a program are told: the parent may wait for what is translated.
		process.kill(processId, 'SIGINT');
		const closing = translator.close();
		const [first, second] = await Promise.all(running);
		expect(wordErrorRate(kennedyText, textOf(first!)).rate).toBeLessThanOrEqual(1 / 22);
		expect(second).toEqual(first);
		expect(first!.at(-1)).toEqual({
			type: 'translation-ended',
			audioMs: 11_000,
			segments: expect.any(Number) as number,
		});
		await closing;
		expect(isRunning(processId)).toBe(false);
		const late = await rejectionOf(read(translator.translate(request())));
		expect(InfinisstError.is(late, 'RESOURCE_CLOSED')).toBe(true);
	});

	it('gives up a recording with the reason of the signal, and goes on with others', async () => {
		const {translator} = await openTranslator();
		const gone = new AbortController();
		const reason = new Error('gone');
		const given = rejectionOf(read(translator.translate(request(), gone.signal)));
		const other = read(translator.translate(request()));
		gone.abort(reason);
		expect(await given).toBe(reason);
		expect(textOf(await other)).toContain('fellow Americans');
	});

	it('says that its process is lost when that is killed', async () => {
		const {translator, processId} = await openTranslator();
		const running = rejectionOf(read(translator.translate(request())));
		process.kill(processId, 'SIGKILL');
		expect(InfinisstError.is(await running, 'REPLICA_LOST')).toBe(true);
		await translator.gone;
		const late = await rejectionOf(read(translator.translate(request())));
		expect(InfinisstError.is(late, 'REPLICA_LOST')).toBe(true);
	});

	it('refuses more audio than may be, and calls a recording as it was called', async () => {
		const {translator} = await openTranslator();
		const long = await rejectionOf(read(translator.translate(request({maxAudioMs: 5000}))));
		expect(long).toMatchObject({
			code: 'LIMIT_EXCEEDED',
			message: '"talk.flac" holds more than 5 s of audio, which is the most taken here',
		});
		const path = join(await temporaryDirectory(), 'upload');
		await copyFile(fileURLToPath(import.meta.url), path);
		const broken = await rejectionOf(read(translator.translate(request({path}))));
		expect(broken).toMatchObject({
			code: 'AUDIO_UNDECODABLE',
			message: '"talk.flac" is in no audio format we know',
		});
		expect(textOf(await read(translator.translate(request({maxAudioMs: 11_000}))))).toContain('Americans');
	});
});

describe('a translator that cannot be opened', () => {
	it('says why, and leaves no process', async () => {
		let processId = 0;
		const error = await rejectionOf(
			openChildTranslator({graphsDirectory: '/nowhere', onStart: id => (processId = id)}),
		);
		expect(InfinisstError.is(error, 'MODEL_CORRUPT')).toBe(true);
		expect(isRunning(processId)).toBe(false);
	});

	it('is not opened after the signal has fired', async () => {
		const reason = new Error('stopped');
		const error = await rejectionOf(
			openChildTranslator({graphsDirectory: '/nowhere', signal: AbortSignal.abort(reason)}),
		);
		expect(error).toBe(reason);
	});
});
