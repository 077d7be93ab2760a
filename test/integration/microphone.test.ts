import {chmod, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';

import {
	findMicrophone,
	listMicrophones,
	type CaptureHost,
} from '../../src/core/audio/capture/find-microphone.js';
import {openMicrophone} from '../../src/core/audio/capture/open-microphone.js';
import {InfinisstError} from '../../src/core/errors.js';
import {readClip} from '../helpers/read-clip.js';
import {describeWithShared} from '../helpers/shared.js';
import {
	describeWithSoundServer,
	pathWith,
	startSoundServer,
	type SoundServer,
} from '../helpers/sound-server.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

/** This machine as a Linux one with some programs. */
async function hostWith(server: SoundServer | undefined, ...programs: string[]): Promise<CaptureHost> {
	const environment = server?.environment ?? {};
	return {platform: 'linux', environment: {...environment, PATH: await pathWith(...programs)}};
}

describeWithSoundServer('microphones of a sound server', () => {
	it.each([
		['parec', ['parec', 'pactl']],
		['ffmpeg', ['ffmpeg']],
	])('are listed with what people call them, through %s', async (program, programs) => {
		const server = await startSoundServer();
		const microphones = await listMicrophones(await hostWith(server, ...programs));
		const pulse = microphones.filter(({recorder}) => recorder.system === 'PulseAudio');
		expect(pulse.map(({device, recorder}) => ({device, program: recorder.program}))).toEqual([
			{
				device: {name: 'speaker.monitor', description: 'Monitor of Test_Speaker', isDefault: true},
				program,
			},
		]);
	});

	it('are found by name and by description, and a wrong name gets the closest one', async () => {
		const host = await hostWith(await startSoundServer(), 'parec', 'pactl');
		for (const name of ['speaker.monitor', 'monitor of test_speaker', undefined]) {
			expect((await findMicrophone(name, host)).device?.name).toBe('speaker.monitor');
		}
		await expect(findMicrophone('speaker.monitr', host)).rejects.toMatchObject({
			code: 'CAPTURE_FAILED',
			message: 'There is no microphone "speaker.monitr"',
			hint: 'Did you mean "speaker.monitor"? "infinisst translate --list-input-devices" lists them.',
		});
	});

	it('are not there where the server is not, and that is said', async () => {
		const server = await startSoundServer();
		await server.kill();
		for (const programs of [['parec', 'pactl'], ['ffmpeg']]) {
			await expect(findMicrophone(undefined, await hostWith(server, ...programs))).rejects.toMatchObject({
				code: 'CAPTURE_FAILED',
				message: 'No microphone was found',
			});
		}
	});

	it('fail with the reason of the program when the server goes away', async () => {
		const server = await startSoundServer();
		const host = await hostWith(server, 'parec', 'pactl');
		const reader = openMicrophone(await findMicrophone(undefined, host), host).samples.getReader();
		await reader.read();
		await server.kill();
		const readOn = async () => {
			for (;;) await reader.read();
		};
		await expect(readOn()).rejects.toMatchObject({
			code: 'CAPTURE_FAILED',
			message: expect.stringMatching(/^Recording from Monitor of Test_Speaker failed; parec: \S/) as string,
		});
	});
});

describeWithShared('a microphone', () => {
	describeWithSoundServer('of a sound server', () => {
		it.each([
			['parec', ['parec', 'pactl']],
			['ffmpeg', ['ffmpeg']],
			['arecord', ['arecord']],
			['rec', ['rec']],
		])('hears what is played, through %s, and lets go of it', async (program, programs) => {
			const clip = (await readClip('audio/dev/en_jfk.flac')).slice(0, 24_000);
			const server = await startSoundServer();
			const host = await hostWith(server, ...programs);
			// ALSA and SoX are led to the server.
			const environment = {...host.environment, AUDIODRIVER: 'pulseaudio'};
			const microphone = await findMicrophone(undefined, {...host, environment});
			expect(microphone.recorder.program).toBe(program);
			const reader = openMicrophone(microphone, {...host, environment}).samples.getReader();
			const heard: number[] = [];
			// It records before anything is played.
			heard.push(...(await reader.read()).value!);
			const playing = server.play(clip);
			// Until a second after the end.
			let wantedSamples = Infinity;
			void playing.then(() => (wantedSamples = heard.length + 16_000));
			while (heard.length < wantedSamples) heard.push(...(await reader.read()).value!);
			expect(await server.countRecordings()).toBe(1);
			await reader.cancel();
			await vi.waitFor(async () => expect(await server.countRecordings()).toBe(0));
			// Half a second from the middle of the first words.
			expect(bestCorrelation(clip.subarray(12_000, 20_000), Float32Array.from(heard))).toBeGreaterThan(0.95);
		});
	});
});

/** The highest correlation of `wanted` with any stretch of `heard` of its length, -1..1. */
function bestCorrelation(wanted: Float32Array, heard: Float32Array): number {
	const wantedEnergy = wanted.reduce((sum, sample) => sum + sample * sample, 0);
	let best = -1;
	for (let start = 0; start + wanted.length <= heard.length; start++) {
		let product = 0;
		let energy = 0;
		for (let index = 0; index < wanted.length; index++) {
			const sample = heard[start + index]!;
			product += sample * wanted[index]!;
			energy += sample * sample;
		}
		if (energy > 0) best = Math.max(best, product / Math.sqrt(energy * wantedEnergy));
	}

	return best;
}

describe('a machine', () => {
	it.each([
		['linux', /^Install one \(Debian: apt-get install pulseaudio-utils/],
		['darwin', /^Install one \(brew install ffmpeg\)/],
		['win32', /^Install one \(winget install ffmpeg\)/],
	] as const)('without a program that records is told which to install, on %s', async (platform, hint) => {
		const host = {platform, environment: {PATH: await pathWith()}};
		await expect(listMicrophones(host)).rejects.toMatchObject({
			code: 'CAPTURE_FAILED',
			hint: expect.stringMatching(hint) as string,
		});
	});
});

describe('a program that records', () => {
	/** A machine whose only recorder is a script. */
	async function hostWithScript(script: string): Promise<CaptureHost> {
		const folder = await temporaryDirectory();
		await writeFile(join(folder, 'rec'), `#!/bin/sh\n${script}\n`);
		await chmod(join(folder, 'rec'), 0o755);
		return {platform: 'linux', environment: {PATH: `${folder}:/usr/bin:/bin`, ONLY: folder}};
	}

	async function open(script: string): Promise<ReadableStream<Float32Array>> {
		const host = await hostWithScript(script);
		const only = {...host, environment: {PATH: host.environment['ONLY']}};
		return openMicrophone(await findMicrophone(undefined, only), host).samples;
	}

	it('may cut its output anywhere: samples are whole', async () => {
		const samples = await open(
			`printf '\\001'; sleep 0.1; printf '\\002\\003'; sleep 0.1; printf '\\004'; sleep 60`,
		);
		const reader = samples.getReader();
		const heard: number[] = [];
		while (heard.length < 2) heard.push(...(await reader.read()).value!);
		expect(heard).toEqual([0x0201 / 0x8000, 0x0403 / 0x8000]);
		await reader.cancel();
	});

	it('is reported with its last words when it ends', async () => {
		const reader = (await open('echo first >&2; echo "cannot open device" >&2; exit 3')).getReader();
		const error = await reader.read().catch((fault: unknown) => fault);
		expect(InfinisstError.is(error, 'CAPTURE_FAILED')).toBe(true);
		expect(error).toMatchObject({
			message: 'Recording from the default of rec failed; rec: cannot open device',
		});
	});

	it('is reported when it says nothing', async () => {
		const reader = (await open('exit 7')).getReader();
		await expect(reader.read()).rejects.toMatchObject({
			message: 'Recording from the default of rec failed; rec: it ended with code 7',
		});
	});

	it('is reported when it cannot be started', async () => {
		const host = await hostWithScript('exit 0');
		const only = {...host, environment: {PATH: host.environment['ONLY']}};
		const microphone = await findMicrophone(undefined, only);
		const reader = openMicrophone({...microphone, programPath: '/nowhere/rec'}, host).samples.getReader();
		await expect(reader.read()).rejects.toMatchObject({code: 'CAPTURE_FAILED'});
	});
});
