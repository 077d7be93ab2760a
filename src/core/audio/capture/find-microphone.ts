import {execa} from 'execa';

import {InfinisstError} from '../../errors.js';
import {closestNames} from '../../util/closest-names.js';
import {findProgram} from '../find-program.js';
import type {CaptureDevice} from './capture-device.js';
import {RECORDERS, type Recorder} from './recorders.js';

/** The machine, as far as recording goes. */
export interface CaptureHost {
	readonly platform: NodeJS.Platform;
	/** `process.env`, or what stands for it. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly signal?: AbortSignal;
}

/** A device and the program that records from it. */
export interface Microphone {
	/** Undefined where the program says nothing about devices. */
	readonly device: CaptureDevice | undefined;
	readonly recorder: Recorder;
	/** Of the recorder's program. */
	readonly programPath: string;
}

/** A sound server that is not there answers at once; one that hangs must not hang us. */
const LIST_TIMEOUT_MS = 5000;

/**
 * Everything that can be recorded from, best way first. Of two programs that reach the same devices the better
 * one counts.
 *
 * @throws {InfinisstError} `CAPTURE_FAILED` if no program is installed that could record.
 * @throws `signal.reason`.
 */
export async function listMicrophones(host: CaptureHost): Promise<readonly Microphone[]> {
	const microphones: Microphone[] = [];
	let isAnyInstalled = false;
	for (const recorder of RECORDERS) {
		if (recorder.platform !== host.platform) continue;
		if (microphones.some(known => known.recorder.system === recorder.system)) continue;
		const programPath = await findProgram(recorder.program, host.environment);
		if (programPath === undefined) continue;
		isAnyInstalled = true;
		// The last resort: it cannot say whether there is anything to record from.
		const devices =
			recorder.list === undefined
				? microphones.length === 0
					? [undefined]
					: []
				: await listDevices(recorder.list, host);
		microphones.push(...devices.map(device => ({device, recorder, programPath})));
	}

	if (!isAnyInstalled) throw noProgram(host.platform);
	return microphones;
}

/**
 * The microphone to record from.
 *
 * @param wanted - name or description, upper and lower case alike; undefined for the system's default.
 * @throws {InfinisstError} `CAPTURE_FAILED` if there is none, or none of that name, with the closest ones.
 * @throws `signal.reason`.
 */
export async function findMicrophone(wanted: string | undefined, host: CaptureHost): Promise<Microphone> {
	const microphones = await listMicrophones(host);
	if (microphones.length === 0) {
		throw new InfinisstError('CAPTURE_FAILED', 'No microphone was found', {
			hint: 'Connect one, and check that the system shows it and that its sound server runs.',
		});
	}

	if (wanted === undefined) {
		return microphones.find(({device}) => device?.isDefault === true) ?? microphones[0]!;
	}

	const found =
		microphones.find(({device}) => device?.name === wanted) ??
		microphones.find(({device}) => namesOf(device).some(name => isAlike(name, wanted)));
	if (found !== undefined) return found;
	const [closest] = closestNames(
		wanted,
		microphones.flatMap(({device}) => namesOf(device)),
	);
	throw new InfinisstError('CAPTURE_FAILED', `There is no microphone "${wanted}"`, {
		hint: `${closest === undefined ? '' : `Did you mean "${closest}"? `}"infinisst translate --list-input-devices" lists them.`,
	});
}

/** For people: its description, else its name. */
export function nameOfMicrophone({device, recorder}: Microphone): string {
	return device?.description ?? device?.name ?? `the default of ${recorder.program}`;
}

function namesOf(device: CaptureDevice | undefined): string[] {
	return [device?.name, device?.description].filter(name => name !== undefined);
}

function isAlike(first: string, second: string): boolean {
	return first.trim().toLowerCase() === second.trim().toLowerCase();
}

async function listDevices(
	{program, commands, parse}: NonNullable<Recorder['list']>,
	{environment, signal}: CaptureHost,
): Promise<CaptureDevice[]> {
	const path = await findProgram(program, environment);
	if (path === undefined) return [];
	let output = '';
	for (const parameters of commands) {
		const {all} = await execa(path, parameters, {
			// Both answer in the language of the user otherwise.
			env: {...environment, LC_ALL: 'C.UTF-8', LANGUAGE: 'C'},
			extendEnv: false,
			all: true,
			// Listing is no success for ffmpeg, and no server no disaster for us: what can be parsed counts.
			reject: false,
			stdin: 'ignore',
			timeout: LIST_TIMEOUT_MS,
		});
		signal?.throwIfAborted();
		output += `${all}\n`;
	}

	return parse(output);
}

function noProgram(platform: NodeJS.Platform): InfinisstError {
	const remedies: Partial<Record<NodeJS.Platform, string>> = {
		linux: 'Install one (Debian: apt-get install pulseaudio-utils, or alsa-utils, or ffmpeg)',
		darwin: 'Install one (brew install ffmpeg)',
		win32: 'Install one (winget install ffmpeg)',
	};
	return new InfinisstError('CAPTURE_FAILED', 'No program here can record from a microphone', {
		hint: `${remedies[platform] ?? 'Record with another program'}; or send the sound of any program to "infinisst translate -".`,
	});
}
