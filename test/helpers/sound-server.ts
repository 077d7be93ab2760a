import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {describe, onTestFinished, vi} from 'vitest';

import {findProgram} from '../../src/core/audio/find-program.js';
import {skipSuite} from './requirements.js';
import {temporaryDirectory} from './temporary-directory.js';

const programs = ['pulseaudio', 'pactl', 'pacat', 'parec'] as const;
const missing: string[] = [];
for (const program of programs) {
	if ((await findProgram(program, process.env)) === undefined) missing.push(program);
}

/** A suite that needs PulseAudio and its tools; skipped, with the reason in its title, where they are not installed. */
export function describeWithSoundServer(title: string, body: () => void): void {
	if (missing.length > 0) skipSuite(title, missing.join(', '));
	else describe(title, body);
}

export interface SoundServer {
	/** Of programs that shall use it. */
	readonly environment: Record<string, string>;
	/** Plays mono samples at 16 kHz into its only loudspeaker, in real time. */
	play(samples: Float32Array): Promise<void>;
	/** How many programs record from it. */
	countRecordings(): Promise<number>;
	/** Ends it as if it had crashed. */
	kill(): Promise<void>;
}

/**
 * A sound server of the test's own with one loudspeaker that nobody hears, `speaker`, whose monitor is the only
 * microphone: what is played is what is recorded. It ends with the test.
 */
export async function startSoundServer(): Promise<SoundServer> {
	const folder = await temporaryDirectory();
	const socket = join(folder, 'native');
	const environment = {
		...(process.env as Record<string, string>),
		HOME: folder,
		XDG_RUNTIME_DIR: folder,
		PULSE_RUNTIME_PATH: folder,
		PULSE_SERVER: `unix:${socket}`,
	};
	const child = spawn(
		'pulseaudio',
		[
			...['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', '--disable-shm=yes'],
			'--load=module-null-sink sink_name=speaker sink_properties=device.description=Test_Speaker',
			`--load=module-native-protocol-unix auth-anonymous=1 socket=${socket}`,
		],
		{env: environment, stdio: 'ignore'},
	);
	const kill = async (): Promise<void> => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		child.kill('SIGKILL');
		await once(child, 'exit');
	};
	onTestFinished(kill);
	await vi.waitFor(() => execa('pactl', ['info'], {env: environment}), {timeout: 30_000, interval: 50});
	return {
		environment,
		kill,
		async play(samples) {
			const input = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
			const parameters = ['--raw', '--format=float32le', '--rate=16000', '--channels=1'];
			await execa('pacat', parameters, {env: environment, input});
		},
		async countRecordings() {
			const {stdout} = await execa('pactl', ['list', 'short', 'source-outputs'], {env: environment});
			return stdout.split('\n').filter(line => line !== '').length;
		},
	};
}

/** A folder for `PATH` that holds some of the programs of this machine and no others. */
export async function pathWith(...names: readonly string[]): Promise<string> {
	const folder = join(await temporaryDirectory(), 'bin');
	await mkdir(folder);
	for (const name of names) {
		const path = await findProgram(name, process.env);
		if (path !== undefined) await symlink(path, join(folder, name));
	}

	return folder;
}
