import {describe, expect, it} from 'vitest';

import {
	parseAlsaNames,
	parseAvfoundationDevices,
	parseDirectShowDevices,
	parseFfmpegAlsaSources,
	parseFfmpegSources,
	parsePulseSources,
} from '../../../../../src/core/audio/capture/parse-device-list.js';

// Recorded from PulseAudio 16.1, ffmpeg 5.1 and alsa-utils 1.2.8, but for the second source and the card; those
// of macOS and Windows are as ffmpeg's own documentation and users show them.

describe('parsePulseSources', () => {
	it('reads names, descriptions and the default', () => {
		const output = `Server String: unix:/run/user/1000/pulse/native
Server Name: pulseaudio
Default Sink: speaker
Default Source: alsa_input.usb-Blue.analog-stereo
Cookie: c8e1:1dcb
Source #0
	State: IDLE
	Name: speaker.monitor
	Description: Monitor of Test Speaker
	Driver: module-null-sink.c
	Properties:
		device.description = "Monitor of Test Speaker"
	Formats:
		pcm

Source #1
	State: SUSPENDED
	Name: alsa_input.usb-Blue.analog-stereo
	Description: Blue Microphones: Analog Stereo
	Ports:
		analog-input-mic: Name: of a port
`;
		expect(parsePulseSources(output)).toEqual([
			{name: 'speaker.monitor', description: 'Monitor of Test Speaker', isDefault: false},
			{
				name: 'alsa_input.usb-Blue.analog-stereo',
				description: 'Blue Microphones: Analog Stereo',
				isDefault: true,
			},
		]);
	});

	it('finds nothing where no server answers', () => {
		expect(
			parsePulseSources('Connection failure: Connection refused\npa_context_connect() failed\n'),
		).toEqual([]);
	});
});

describe('parseFfmpegSources', () => {
	it('reads what the sound server has', () => {
		expect(
			parseFfmpegSources(
				'Auto-detected sources for pulse:\n* speaker.monitor [Monitor of Test [new] Speaker] (none)\n  mic [Desk] (audio)\n',
			),
		).toEqual([
			{name: 'speaker.monitor', description: 'Monitor of Test [new] Speaker', isDefault: true},
			{name: 'mic', description: 'Desk', isDefault: false},
		]);
	});

	it('finds nothing where no server answers', () => {
		expect(
			parseFfmpegSources(
				'Auto-detected sources for pulse:\nCannot list sources: Generic error in an external library\n',
			),
		).toEqual([]);
	});

	it('keeps of the names of ALSA those that convert the rate', () => {
		const output = `Auto-detected sources for alsa:
  null [Discard all samples (playback) or generate zero samples (capture)] (none)
* default [Playback/recording through the PulseAudio sound server] (none)
  speexrate [Rate Converter Plugin Using Speex Resampler] (none)
  pulse [PulseAudio Sound Server] (none)
  hw:CARD=PCH,DEV=0 [HDA Intel PCH, ALC887-VD Analog] (none)
  plughw:CARD=PCH,DEV=0 [HDA Intel PCH, ALC887-VD Analog] (none)
`;
		expect(parseFfmpegAlsaSources(output).map(({name, isDefault}) => [name, isDefault])).toEqual([
			['default', true],
			['plughw:CARD=PCH,DEV=0', false],
		]);
	});
});

describe('parseAlsaNames', () => {
	it('joins the lines of a description', () => {
		const output = `null
    Discard all samples (playback) or generate zero samples (capture)
default
    Playback/recording through the PulseAudio sound server
hw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC887-VD Analog
    Direct hardware device without any conversions
plughw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC887-VD Analog
    Hardware device with all software conversions
`;
		expect(parseAlsaNames(output)).toEqual([
			{
				name: 'default',
				description: 'Playback/recording through the PulseAudio sound server',
				isDefault: true,
			},
			{
				name: 'plughw:CARD=PCH,DEV=0',
				description: 'HDA Intel PCH, ALC887-VD Analog, Hardware device with all software conversions',
				isDefault: false,
			},
		]);
	});
});

describe('parseAvfoundationDevices', () => {
	it('reads the microphones and not the cameras', () => {
		const output = `[AVFoundation indev @ 0x7fa1b2d04a80] AVFoundation video devices:
[AVFoundation indev @ 0x7fa1b2d04a80] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7fa1b2d04a80] [1] Capture screen 0
[AVFoundation indev @ 0x7fa1b2d04a80] AVFoundation audio devices:
[AVFoundation indev @ 0x7fa1b2d04a80] [0] MacBook Pro Microphone
[AVFoundation indev @ 0x7fa1b2d04a80] [1] BlackHole 2ch
: Input/output error
`;
		expect(parseAvfoundationDevices(output)).toEqual([
			{name: '0', description: 'MacBook Pro Microphone', isDefault: true},
			{name: '1', description: 'BlackHole 2ch', isDefault: false},
		]);
	});

	it('finds nothing where there is none', () => {
		expect(parseAvfoundationDevices("Unknown input format: 'avfoundation'\n")).toEqual([]);
	});
});

describe('parseDirectShowDevices', () => {
	it.each([
		[
			'with sections, as until version 4',
			`[dshow @ 0000000002f282c0] DirectShow video devices (some may be both video and audio devices)
[dshow @ 0000000002f282c0]  "HP Truevision HD"
[dshow @ 0000000002f282c0]     Alternative name "@device_pnp_\\\\?\\usb#vid_0c45"
[dshow @ 0000000002f282c0] DirectShow audio devices
[dshow @ 0000000002f282c0]  "Internal Microphone Array (IDT High Definition Audio CODEC)"
[dshow @ 0000000002f282c0]     Alternative name "@device_cm_{33D9A762}\\wave_{0384A54D}"
[dshow @ 0000000002f282c0]  "Stereo Mix (IDT High Definition Audio CODEC)"
dummy: Immediate exit requested
`,
		],
		[
			'with a kind for each, as since version 5',
			`[dshow @ 0000000002f282c0] "HP Truevision HD" (video)
[dshow @ 0000000002f282c0]   Alternative name "@device_pnp_\\\\?\\usb#vid_0c45"
[dshow @ 0000000002f282c0] "Internal Microphone Array (IDT High Definition Audio CODEC)" (audio)
[dshow @ 0000000002f282c0]   Alternative name "@device_cm_{33D9A762}\\wave_{0384A54D}"
[dshow @ 0000000002f282c0] "Stereo Mix (IDT High Definition Audio CODEC)" (audio)
dummy: Immediate exit requested
`.replaceAll('\n', '\r\n'),
		],
	])('reads the microphones and not the cameras, %s', (_title, output) => {
		expect(parseDirectShowDevices(output)).toEqual([
			{
				name: 'Internal Microphone Array (IDT High Definition Audio CODEC)',
				description: undefined,
				isDefault: true,
			},
			{name: 'Stereo Mix (IDT High Definition Audio CODEC)', description: undefined, isDefault: false},
		]);
	});
});
