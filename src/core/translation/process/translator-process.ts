import {constants, setPriority} from 'node:os';
import {SAMPLE_RATE_HZ, type AudioSource} from '../../audio/audio-source.js';
import {openAudio} from '../../audio/open-audio.js';
import {InfinisstError} from '../../errors.js';
import {toFault} from '../../util/fault.js';
import {leaveEndToParent} from '../../util/leave-end-to-parent.js';
import type {FileTranslator} from '../file-translator.js';
import {openWhisperFileTranslator} from '../whisper-file-translator.js';
import type {RecordingRequest} from './recording-translator.js';
import type {TranslatorRequest, TranslatorResponse} from './translator-messages.js';

// Recordings wait for speakers: what is live gets the processor first. Threads take it over from the one that starts them,
// so it comes before all others.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
leaveEndToParent();

const running = new Map<number, AbortController>();
let opening: Promise<FileTranslator> | undefined;

function send(response: TranslatorResponse): void {
	// The parent may be gone: then nobody waits for it.
	process.send?.(response, undefined, undefined, () => undefined);
}

process.on('message', (request: TranslatorRequest) => {
	switch (request.type) {
		case 'open':
			opening = openWhisperFileTranslator(request.options);
			opening.then(
				() => send({type: 'opened'}),
				(error: unknown) => send({type: 'refused', fault: toFault(error)}),
			);
			break;
		case 'translate':
			void answer(request.id, request.recording);
			break;
		case 'abort':
			running.get(request.id)?.abort();
	}
});

// The parent has closed the channel, or ended: there is nothing here to be finished. An exit would wait for what runs in
// native code.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function answer(id: number, recording: RecordingRequest): Promise<void> {
	const controller = new AbortController();
	running.set(id, controller);
	try {
		await translate(id, recording, controller.signal);
		send({type: 'ended', id});
	} catch (error) {
		const fault = toFault(error);
		send({type: 'failed', id, fault: {...fault, message: useGivenName(fault.message, recording)}});
	} finally {
		running.delete(id);
	}
}

async function translate(id: number, recording: RecordingRequest, signal: AbortSignal): Promise<void> {
	const translator = await opening!;
	const warn = (message: string): void =>
		send({
			type: 'event',
			id,
			event: {type: 'warning-raised', message: useGivenName(message, recording)},
		});
	const audio = await openAudio({kind: 'file', path: recording.path}, {signal, onWarning: warn});
	const {name, maxAudioMs = Infinity} = recording;
	if ((audio.durationMs ?? 0) > maxAudioMs) {
		const error = tooMuchAudio(name, maxAudioMs);
		await audio.samples.cancel(error);
		throw error;
	}
	for await (const event of translator.translate(limitAudio(audio, recording), {
		...recording.options,
		signal,
	})) {
		send({type: 'event', id, event});
	}
}

function useGivenName(message: string, {path, name}: RecordingRequest): string {
	return message.replaceAll(path, name);
}

/** Also for those that do not say how long they are, or less than they hold. */
function limitAudio(audio: AudioSource, {name, maxAudioMs = Infinity}: RecordingRequest): AudioSource {
	const maxSamples = (maxAudioMs * SAMPLE_RATE_HZ) / 1000;
	let samples = 0;
	const limiter = new TransformStream<Float32Array, Float32Array>({
		transform(block, controller) {
			samples += block.length;
			if (samples <= maxSamples) controller.enqueue(block);
			else controller.error(tooMuchAudio(name, maxAudioMs));
		},
	});
	return {...audio, samples: audio.samples.pipeThrough(limiter)};
}

function tooMuchAudio(name: string, maxAudioMs: number): InfinisstError {
	return new InfinisstError(
		'LIMIT_EXCEEDED',
		`"${name}" holds more than ${Math.round(maxAudioMs / 1000)} s of audio, which is the most taken here`,
		{hint: 'Cut it into several files.'},
	);
}
