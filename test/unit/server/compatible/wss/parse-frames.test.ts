import {expect, it} from 'vitest';

import {parseAudioFrame} from '../../../../../src/server/compatible/wss/parse-audio-frame.js';
import {parseCommand} from '../../../../../src/server/compatible/wss/parse-command.js';

function bytesOf(...samples: number[]): Uint8Array {
	return new Uint8Array(Float32Array.from(samples).buffer);
}

it('reads samples from anywhere in memory, as a copy', () => {
	const memory = new Uint8Array(13);
	memory.set(bytesOf(0.5, -1, 1.5), 1);
	const samples = parseAudioFrame(memory.subarray(1));
	memory.fill(0);
	expect(samples).toEqual(Float32Array.from([0.5, -1, 1.5]));
	expect(parseAudioFrame(new Uint8Array(0))).toEqual(new Float32Array(0));
});

it.each([
	['half a sample', new Uint8Array(7), 'no whole number of samples'],
	['no number', bytesOf(0, NaN), 'no number'],
	['infinity', bytesOf(-Infinity), 'no number'],
	['16-bit integers', bytesOf(0, 12_000), '32768'],
])('refuses %s', (_title, frame, words) => {
	expect(parseAudioFrame(frame)).toEqual(expect.stringContaining(words));
});

it.each([
	['EOF', {type: 'end-of-file'}],
	[' EOF\n', {type: 'end-of-file'}],
	['LATENCY:3', {type: 'latency', multiplier: 3}],
	['LATENCY: 1', {type: 'latency', multiplier: 1}],
])('understands %j', (text, command) => {
	expect(parseCommand(text)).toEqual(command);
});

it.each([
	'',
	'eof',
	'STOP',
	'LATENCY',
	'LATENCY:',
	'LATENCY:0',
	'LATENCY:5',
	'LATENCY:2.5',
	'LATENCY:two',
	'{"type":"EOF"}',
])('refuses %j, and says what there is', text => {
	expect(parseCommand(text)).toEqual(expect.stringMatching(/LATENCY:/));
});
