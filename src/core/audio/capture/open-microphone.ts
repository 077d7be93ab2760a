import {spawn} from 'node:child_process';

import {InfinisstError} from '../../errors.js';
import {SAMPLE_RATE_HZ, type AudioSource} from '../audio-source.js';
import {decodePcm} from '../pcm.js';
import {nameOfMicrophone, type CaptureHost, type Microphone} from './find-microphone.js';

/** Kept while whoever listens is busy: five minutes, 19 MB. Then the program waits, and the device drops sound. */
const MAX_WAITING_SAMPLES = 300 * SAMPLE_RATE_HZ;
/** Kept of what the program says, for the message when it fails. */
const MAX_LOG_CHARACTERS = 4000;

/**
 * Records from a microphone until the samples are cancelled. The program that does it is ended then, and when it
 * fails the stream fails with `CAPTURE_FAILED` and the program's own reason. It never ends by itself.
 */
export function openMicrophone(
	microphone: Microphone,
	{environment, platform}: Pick<CaptureHost, 'environment' | 'platform'>,
): AudioSource {
	const {recorder, device, programPath} = microphone;
	const name = nameOfMicrophone(microphone);
	const child = spawn(programPath, recorder.parameters(device), {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...environment, LC_ALL: 'C.UTF-8'},
		windowsHide: true,
		// Ctrl-C in a terminal goes to its whole group of processes, but it is us who say when to stop.
		detached: platform !== 'win32',
	});
	let log = '';
	let rest: Uint8Array = new Uint8Array(0);
	let startFault: Error | undefined;
	let isCancelled = false;
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		log = (log + text).slice(-MAX_LOG_CHARACTERS);
	});
	child.on('error', error => (startFault = error));
	const closed = new Promise<void>(resolve => child.on('close', () => resolve()));

	const samples = new ReadableStream<Float32Array>(
		{
			start(controller) {
				child.stdout.on('data', (bytes: Buffer) => {
					if (isCancelled) return;
					const whole = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
					const evenBytes = whole.length - (whole.length % 2);
					rest = whole.subarray(evenBytes);
					if (evenBytes > 0) controller.enqueue(decodePcm(whole.subarray(0, evenBytes), 's16le', 1)[0]!);
					if ((controller.desiredSize ?? 0) <= 0) child.stdout.pause();
				});
				void closed.then(() => {
					if (!isCancelled) controller.error(describeEnd());
				});
			},
			pull: () => void child.stdout.resume(),
			async cancel() {
				isCancelled = true;
				endGroup();
				child.stdout.destroy();
				child.stderr.destroy();
				await closed;
			},
		},
		{highWaterMark: MAX_WAITING_SAMPLES, size: block => block.length},
	);
	return {description: `${name} (through ${recorder.program})`, durationMs: undefined, samples};

	/** Nothing it could still write is of use, so it need not end in order; what it started ends with it. */
	function endGroup(): void {
		if (child.exitCode !== null || child.signalCode !== null) return;
		if (child.pid === undefined || platform === 'win32') {
			child.kill('SIGKILL');
			return;
		}
		try {
			process.kill(-child.pid, 'SIGKILL');
		} catch {
			// It has just ended by itself.
		}
	}

	function describeEnd(): InfinisstError {
		const said = log
			.split('\n')
			.map(line => line.trim())
			.filter(line => line !== '')
			.at(-1);
		const reason =
			startFault?.message ?? said ?? `it ended with code ${child.exitCode ?? child.signalCode ?? '?'}`;
		return new InfinisstError(
			'CAPTURE_FAILED',
			`Recording from ${name} failed; ${recorder.program}: ${reason}`,
			{
				hint: 'Check that the microphone is connected and may be used; "infinisst translate --list-input-devices" lists what there is.',
				...(startFault !== undefined && {cause: startFault}),
			},
		);
	}
}
