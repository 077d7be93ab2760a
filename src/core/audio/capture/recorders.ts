import type {CaptureDevice} from './capture-device.js';
import {
	parseAlsaNames,
	parseAvfoundationDevices,
	parseDirectShowDevices,
	parseFfmpegAlsaSources,
	parseFfmpegSources,
	parsePulseSources,
} from './parse-device-list.js';

/** A way to record: a program that writes 16-bit little-endian mono samples at 16 kHz, without a header. */
export interface Recorder {
	readonly program: string;
	/** Whose devices it records from. */
	readonly system: 'PulseAudio' | 'ALSA' | 'AVFoundation' | 'DirectShow' | 'SoX';
	readonly platform: NodeJS.Platform;
	/** How to find out what can be recorded from; absent where only the default can be. */
	readonly list?: {
		readonly program: string;
		/** Run one after the other; what they say on both outputs is parsed as one text. */
		readonly commands: readonly (readonly string[])[];
		readonly parse: (output: string) => CaptureDevice[];
	};
	/** @param device - undefined for the system's default. */
	readonly parameters: (device: CaptureDevice | undefined) => readonly string[];
}

/** Half of what a listener notices: the larger it is, the later every word comes. */
const LATENCY_MS = 60;

/** Begins with the first sample instead of a look at some seconds of the input, and hands each packet on. */
const ffmpegInput = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-fflags', 'nobuffer'];
const ffmpegOutput = ['-ac', '1', '-ar', '16000', '-f', 's16le', '-flush_packets', '1', 'pipe:1'];

function ffmpeg(format: string, source: string, options: readonly string[] = []): readonly string[] {
	return [...ffmpegInput, '-f', format, ...options, '-i', source, ...ffmpegOutput];
}

/**
 * Best first. The tools of the sound server come before ffmpeg, as they hold back less. PipeWire is reached as
 * PulseAudio or ALSA, whose interfaces it has.
 */
export const RECORDERS: readonly Recorder[] = [
	{
		program: 'parec',
		system: 'PulseAudio',
		platform: 'linux',
		list: {program: 'pactl', commands: [['info'], ['list', 'sources']], parse: parsePulseSources},
		parameters: device => [
			...['--raw', '--format=s16le', '--rate=16000', '--channels=1', `--latency-msec=${LATENCY_MS}`],
			...(device === undefined ? [] : [`--device=${device.name}`]),
		],
	},
	{
		program: 'ffmpeg',
		system: 'PulseAudio',
		platform: 'linux',
		list: {
			program: 'ffmpeg',
			commands: [['-hide_banner', '-sources', 'pulse']],
			parse: parseFfmpegSources,
		},
		// Without a size of fragments the server hands over two seconds at a time.
		parameters: device =>
			ffmpeg('pulse', device?.name ?? 'default', [
				...['-sample_rate', '16000', '-channels', '1'],
				...['-fragment_size', String(LATENCY_MS * 32)],
			]),
	},
	{
		program: 'arecord',
		system: 'ALSA',
		platform: 'linux',
		list: {program: 'arecord', commands: [['-L']], parse: parseAlsaNames},
		parameters: device => [
			...['-q', '-t', 'raw', '-f', 'S16_LE', '-r', '16000', '-c', '1'],
			...['-D', device?.name ?? 'default'],
		],
	},
	{
		program: 'ffmpeg',
		system: 'ALSA',
		platform: 'linux',
		list: {
			program: 'ffmpeg',
			commands: [['-hide_banner', '-sources', 'alsa']],
			parse: parseFfmpegAlsaSources,
		},
		parameters: device => ffmpeg('alsa', device?.name ?? 'default'),
	},
	{
		program: 'ffmpeg',
		system: 'AVFoundation',
		platform: 'darwin',
		list: {
			program: 'ffmpeg',
			commands: [['-hide_banner', '-f', 'avfoundation', '-list_devices', 'true', '-i', '']],
			parse: parseAvfoundationDevices,
		},
		parameters: device => ffmpeg('avfoundation', `:${device?.name ?? 'default'}`),
	},
	{
		program: 'ffmpeg',
		system: 'DirectShow',
		platform: 'win32',
		list: {
			program: 'ffmpeg',
			commands: [['-hide_banner', '-f', 'dshow', '-list_devices', 'true', '-i', 'dummy']],
			parse: parseDirectShowDevices,
		},
		parameters: device =>
			ffmpeg('dshow', `audio=${device?.name ?? ''}`, ['-audio_buffer_size', String(LATENCY_MS)]),
	},
	...(['linux', 'darwin'] as const).map((platform): Recorder => ({
		program: 'rec',
		system: 'SoX',
		platform,
		parameters: () => [
			...['-q', '-t', 'raw', '-e', 'signed-integer', '-b', '16', '-L', '-r', '16000', '-c', '1', '-'],
		],
	})),
];
