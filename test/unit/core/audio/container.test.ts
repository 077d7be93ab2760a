import {describe, expect, it} from 'vitest';
import {id3TagBytes, identifyContainer, type Container} from '../../../../src/core/audio/container.js';
import {createRandom} from '../../../helpers/byte-stream.js';
import {makeWav} from '../../../helpers/make-wav.js';

const latin1 = (text: string): Uint8Array => Buffer.from(text.padEnd(64, '\0'), 'latin1');

/** Frames of 128 kbit/s MPEG-1 layer III at 44.1 kHz: 417 bytes each. */
function mp3Frames(count: number): Buffer {
	const frame = Buffer.alloc(417);
	frame.set([0xff, 0xfb, 0x90, 0x00]);
	return Buffer.concat(Array.from({length: count}, () => frame));
}

function adtsFrames(count: number): Buffer {
	const frame = Buffer.alloc(200);
	frame.set([0xff, 0xf1, 0x50, 0x80 | (200 >> 11), (200 >> 3) & 0xff, ((200 & 7) << 5) | 0x1f, 0xfc]);
	return Buffer.concat(Array.from({length: count}, () => frame));
}

function oggPage(packet: string): Uint8Array {
	const head = Buffer.alloc(27);
	head.write('OggS');
	head[26] = 1;
	return Buffer.concat([head, Buffer.of(packet.length), Buffer.from(packet, 'latin1')]);
}

describe('what the first bytes say', () => {
	it.each<[string, Uint8Array, Container]>([
		['WAV', makeWav({bitsPerSample: 16, data: new Uint8Array(4)}), 'wav'],
		['RF64', makeWav({bitsPerSample: 16, data: new Uint8Array(4), form: 'RF64'}), 'wav'],
		['BW64', makeWav({bitsPerSample: 16, data: new Uint8Array(4), form: 'BW64'}), 'wav'],
		['FLAC', latin1('fLaC'), 'flac'],
		['M4A', latin1('\0\0\0\x20ftypM4A '), 'mp4'],
		['QuickTime without a type', latin1('\0\0\0\x08wide\0\0\0\0mdat'), 'mp4'],
		['Matroska', latin1('\x1aE\xdf\xa3'), 'webm'],
		['AMR', latin1('#!AMR\n'), 'amr'],
		['AMR wide band', latin1('#!AMR-WB\n'), 'amr'],
		['Ogg Vorbis', oggPage('\x01vorbis'), 'ogg-vorbis'],
		['Ogg Opus', oggPage('OpusHead'), 'ogg-opus'],
		['Ogg FLAC', oggPage('\x7fFLAC'), 'ogg-flac'],
		['Ogg Speex', oggPage('Speex   '), 'foreign'],
		['MP3', mp3Frames(4), 'mp3'],
		['MP3 cut in the middle of a frame', mp3Frames(6).subarray(100), 'mp3'],
		['one MP3 frame', mp3Frames(1), 'mp3'],
		['AAC', adtsFrames(4), 'aac'],
		['AIFF', latin1('FORM\0\0\0\0AIFFCOMM'), 'foreign'],
		['CAF', latin1('caff\0\x01'), 'foreign'],
		['AVI', latin1('RIFF\0\0\0\0AVI LIST'), 'foreign'],
		['WMA', latin1('\x30\x26\xb2\x75\x8e\x66\xcf\x11'), 'foreign'],
		[
			'a transport stream',
			Buffer.concat([0, 1, 2].map(() => Buffer.concat([Buffer.of(0x47), Buffer.alloc(187)]))),
			'foreign',
		],
	])('is told for %s', (_name, bytes, container) => {
		expect(identifyContainer(bytes)?.container).toBe(container);
	});

	it.each<[string, Uint8Array]>([
		['nothing', new Uint8Array(0)],
		['text', Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(40))],
		['a script', Buffer.from('#!/bin/sh\nexit 0\n')],
		['a playlist', Buffer.from('#EXTM3U\nhttp://127.0.0.1/secret.ts\n')],
		['a web page', Buffer.from('<!DOCTYPE html><html></html>')],
		['a JPEG image', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), new Uint8Array(4000)])],
		['silence without a header', new Uint8Array(4096)],
		['full scale without a header', new Uint8Array(4096).fill(0xff)],
	])('is nothing for %s', (_name, bytes) => {
		expect(identifyContainer(bytes)).toBeUndefined();
	});

	it('never takes headerless noise for MP3 or AAC', () => {
		const random = createRandom(7);
		for (let trial = 0; trial < 300; trial++) {
			const noise = Uint8Array.from({length: 4096}, () => Math.floor(random() * 256));
			expect(identifyContainer(noise)).toBeUndefined();
		}
	});
});

describe('the length of an ID3 tag', () => {
	it.each([
		['seven bits a byte', [0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 2, 1], 267],
		['a footer', [0x49, 0x44, 0x33, 4, 0, 0x10, 0, 0, 0, 5], 25],
		['no tag', [0x49, 0x44, 0x34, 4, 0, 0, 0, 0, 2, 1], 0],
		['a length that is none', [0x49, 0x44, 0x33, 4, 0, 0, 0x80, 0, 2, 1], 0],
	])('counts %s', (_name, bytes, expected) => {
		expect(id3TagBytes(Uint8Array.from(bytes))).toBe(expected);
	});
});
