import type {CaptureDevice} from './capture-device.js';

/** `pactl info` and `pactl list sources`, one after the other, in the C locale. */
export function parsePulseSources(output: string): CaptureDevice[] {
	const [, defaultName] = /^Default Source: (.+)$/m.exec(output) ?? [];
	return output
		.split(/^Source #\d+$/m)
		.slice(1)
		.flatMap(block => {
			const [, name] = /^\s+Name: (.+)$/m.exec(block) ?? [];
			const [, description] = /^\s+Description: (.+)$/m.exec(block) ?? [];
			return name === undefined ? [] : [{name, description, isDefault: name === defaultName}];
		});
}

/** `ffmpeg -sources pulse` and `ffmpeg -sources alsa`: `* name [description] (none)`, the star for the default. */
export function parseFfmpegSources(output: string): CaptureDevice[] {
	return [...output.matchAll(/^([* ]) (\S+) \[(.*)\](?: \([^)]*\))?$/gm)].map(
		([, star, name, description]) => ({name: name!, description, isDefault: star === '*'}),
	);
}

/**
 * `arecord -L`: a name a line, its description indented below. Most of the names are ways to the same card; kept
 * is what converts the rate by itself.
 */
export function parseAlsaNames(output: string): CaptureDevice[] {
	const devices: CaptureDevice[] = [];
	for (const [, name, description] of output.matchAll(/^(\S+)\n((?:[ \t]+.*\n?)*)/gm)) {
		if (!canConvert(name!)) continue;
		const text = description!.split('\n').map(line => line.trim());
		devices.push({
			name: name!,
			description: text.filter(line => line !== '').join(', ') || undefined,
			isDefault: name === 'default',
		});
	}

	return devices;
}

/** As {@link parseAlsaNames}, of what ffmpeg says. */
export function parseFfmpegAlsaSources(output: string): CaptureDevice[] {
	return parseFfmpegSources(output)
		.filter(({name}) => canConvert(name))
		.map(device => ({...device, isDefault: device.name === 'default'}));
}

function canConvert(alsaName: string): boolean {
	return /^(?:default|plughw:.*)$/.test(alsaName);
}

/**
 * `ffmpeg -f avfoundation -list_devices true -i ""`: a section of cameras, then one of microphones. ffmpeg is
 * told the number of a device; names may hold what it takes for a separator.
 */
export function parseAvfoundationDevices(output: string): CaptureDevice[] {
	const [, section = ''] = output.split('AVFoundation audio devices:');
	return [...section.matchAll(/^\[AVFoundation[^\]]*\] \[(\d+)\] (.+)$/gm)].map(
		([, number, description], index) => ({name: number!, description, isDefault: index === 0}),
	);
}

/**
 * `ffmpeg -f dshow -list_devices true -i dummy`. Until version 4 there are sections of cameras and of
 * microphones; later each line says what it is.
 */
export function parseDirectShowDevices(output: string): CaptureDevice[] {
	const names: string[] = [];
	let isAudioSection = false;
	for (const line of output.split(/\r?\n/)) {
		const [, section] = /DirectShow (audio|video) devices/.exec(line) ?? [];
		if (section !== undefined) isAudioSection = section === 'audio';
		const [, name, kind] = /^\[[^\]]*\]\s+"(.*)"(?: \((.*)\))?\s*$/.exec(line) ?? [];
		if (name === undefined || name.startsWith('@device')) continue;
		if (kind === undefined ? isAudioSection : kind.includes('audio')) names.push(name);
	}

	return names.map((name, index) => ({name, description: undefined, isDefault: index === 0}));
}
