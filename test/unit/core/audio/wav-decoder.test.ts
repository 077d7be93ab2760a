import {execFileSync} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {AudioInput} from '../../../../src/core/audio/audio-source.js';
import {openByteSource} from '../../../../src/core/audio/byte-source.js';
import {createWavDecoder} from '../../../../src/core/audio/wav-decoder.js';
import {readWavHeader} from '../../../../src/core/audio/wav-header.js';
import {streamInput} from '../../../helpers/byte-stream.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {makeChunk, makeWav, type WavParts} from '../../../helpers/make-wav.js';
import {describeWithFfmpeg, describeWithSox} from '../../../helpers/programs.js';
import {concatSamples, readAudio} from '../../../helpers/read-samples.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

const read = (parts: WavParts) => readAudio(streamInput(makeWav(parts)));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The sub-format that follows the common part in WAVE_FORMAT_EXTENSIBLE. */
function extensible(formatTag: number, validBits: number): Uint8Array {
	const extra = Buffer.alloc(24);
	extra.writeUInt16LE(22, 0);
	extra.writeUInt16LE(validBits, 2);
	extra.writeUInt16LE(formatTag, 8);
	return extra;
}

function doubles(...values: number[]): Uint8Array {
	return new Uint8Array(Float64Array.from(values).buffer);
}

function floats(...values: number[]): Uint8Array {
	return new Uint8Array(Float32Array.from(values).buffer);
}

describe('samples of a WAV file', () => {
	it.each<[string, WavParts, number[]]>([
		['8-bit', {bitsPerSample: 8, data: bytes(128, 192, 64, 255, 0)}, [0, 0.5, -0.5, 127 / 128, -1]],
		[
			'16-bit',
			{bitsPerSample: 16, data: bytes(0, 0, 0, 0x40, 0, 0xc0, 0xff, 0x7f)},
			[0, 0.5, -0.5, 32_767 / 32_768],
		],
		['24-bit', {bitsPerSample: 24, data: bytes(0, 0, 0x40, 0, 0, 0xc0, 1, 0, 0)}, [0.5, -0.5, 2 ** -23]],
		['32-bit', {bitsPerSample: 32, data: bytes(0, 0, 0, 0x40, 0, 0, 0, 0x80)}, [0.5, -1]],
		['32-bit float', {formatTag: 3, bitsPerSample: 32, data: floats(0.25, -1.5)}, [0.25, -1.5]],
		['64-bit float', {formatTag: 3, bitsPerSample: 64, data: doubles(0.25, -0.75)}, [0.25, -0.75]],
		// ITU-T G.711: the smallest and the largest code of each sign.
		[
			'A-law',
			{formatTag: 6, bitsPerSample: 8, data: bytes(0xd5, 0x55, 0xaa, 0x2a)},
			[8, -8, 32_256, -32_256].map(v => v / 32_768),
		],
		[
			'mu-law',
			{formatTag: 7, bitsPerSample: 8, data: bytes(0xff, 0x7f, 0x80, 0x00)},
			[0, -0, 32_124, -32_124].map(v => v / 32_768),
		],
		[
			'20 valid bits in 24',
			{formatTag: 0xfffe, bitsPerSample: 24, formatExtra: extensible(1, 20), data: bytes(0, 0, 0x40)},
			[0.5],
		],
		[
			'24 valid bits in 32',
			{
				formatTag: 0xfffe,
				bitsPerSample: 24,
				blockBytes: 4,
				formatExtra: extensible(1, 24),
				data: bytes(0, 0, 0, 0x40),
			},
			[0.5],
		],
		[
			'float as extensible',
			{formatTag: 0xfffe, bitsPerSample: 32, formatExtra: extensible(3, 32), data: floats(0.5)},
			[0.5],
		],
	])('are read as %s', async (_name, parts, expected) => {
		const {samples, warnings} = await read(parts);
		expect([...samples]).toEqual(expected);
		expect(warnings).toEqual([]);
	});

	it('are mixed from interleaved channels', async () => {
		const {samples} = await read({
			bitsPerSample: 32,
			formatTag: 3,
			channels: 2,
			data: floats(0.5, 0.25, -0.5, 0.5),
		});
		expect([...samples]).toEqual([0.375, 0]);
	});

	it('that are no numbers become silence, with one warning', async () => {
		const data = floats(0.5, Number.NaN, Number.POSITIVE_INFINITY, -0.5);
		const {samples, warnings} = await read({bitsPerSample: 32, formatTag: 3, data});
		expect([...samples]).toEqual([0.5, 0, 0, -0.5]);
		expect(warnings).toEqual([expect.stringContaining('no numbers')]);
	});
});

describe('the header of a WAV file', () => {
	const data = new Uint8Array(2000).fill(1);
	const ds64 = (dataBytes: number): Buffer => {
		const body = Buffer.alloc(28);
		body.writeBigUInt64LE(BigInt(dataBytes), 8);
		return makeChunk('ds64', body);
	};

	it.each<[string, Partial<WavParts>, number, string[]]>([
		['a length of 0, as programs leave it in a pipe', {statedDataBytes: 0}, 1000, []],
		['a length of 0xFFFFFFFF', {statedDataBytes: 0xffff_ffff}, 1000, []],
		['a length that is too large', {statedDataBytes: 4000}, 1000, ['is cut short']],
		['a length that is too small', {statedDataBytes: 100}, 1000, ['states a length that is too short']],
		[
			'chunks of odd length before the samples',
			{chunksBetween: makeChunk('LIST', new Uint8Array(33))},
			1000,
			[],
		],
		[
			'a chunk of odd length without its padding',
			{chunksBetween: makeChunk('LIST', new Uint8Array(33)).subarray(0, 41)},
			1000,
			[],
		],
		['chunks after the samples', {chunksAfter: makeChunk('LIST', new Uint8Array(400))}, 1000, []],
		[
			'no samples, but a chunk after them',
			{data: new Uint8Array(0), chunksAfter: makeChunk('LIST', data)},
			0,
			[],
		],
		[
			'the long lengths of RF64',
			{
				form: 'RF64',
				chunksBetween: ds64(2000),
				statedDataBytes: 0xffff_ffff,
				chunksAfter: makeChunk('id3 ', data),
			},
			1000,
			[],
		],
	])('may have %s', async (_name, parts, samples, warnings) => {
		const audio = await read({bitsPerSample: 16, data, ...parts});
		expect(audio.samples.length).toBe(samples);
		expect(audio.warnings).toEqual(warnings.map(warning => expect.stringContaining(warning) as unknown));
	});

	it('may be followed by half a sample at the end', async () => {
		const wav = makeWav({bitsPerSample: 16, data});
		const {samples, warnings} = await readAudio(streamInput(wav.subarray(0, -1)));
		expect(samples.length).toBe(999);
		expect(warnings).toEqual([expect.stringContaining('is cut short')]);
	});

	it.each([
		['ends inside the format chunk', makeWav({bitsPerSample: 16, data}).subarray(0, 30)],
		['has no samples', Buffer.concat([makeWav({bitsPerSample: 16, data}).subarray(0, 36)])],
		['has no format', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), makeChunk('data', data)])],
		['states no channels', makeWav({bitsPerSample: 16, channels: 0, blockBytes: 2, data})],
		['states a sample rate of 0', makeWav({bitsPerSample: 16, sampleRateHz: 0, data})],
		['states ADPCM blocks of no bytes', makeWav({formatTag: 17, bitsPerSample: 4, blockBytes: 0, data})],
	])('that %s is refused', async (_name, wav) => {
		const error = await catchRejection(readAudio(streamInput(wav), {ffmpegPath: '/nonexistent/ffmpeg'}));
		expect(error.code).toBe('AUDIO_UNDECODABLE');
		expect(error.message).toMatch(/^The WAV file "test" [^\n]*$/);
	});

	it('states a duration that a file proves wrong', async () => {
		const path = join(await temporaryDirectory(), 'short.wav');
		await writeFile(path, makeWav({bitsPerSample: 16, data, statedDataBytes: 32_000}));
		expect((await readAudio({kind: 'file', path})).durationMs).toBe(62.5);
	});
});

/** The channels of a whole WAV file, each for itself. */
async function decodeChannels(input: AudioInput): Promise<Float32Array[]> {
	const source = await openByteSource(input);
	const decoder = createWavDecoder(source, await readWavHeader(source), {warn: () => undefined});
	const blocks: (readonly Float32Array[])[] = [];
	for (let block = await decoder.read(); block !== undefined; block = await decoder.read())
		blocks.push(block.channels);
	return blocks[0]!.map((_, channel) => concatSamples(blocks.map(block => block[channel]!)));
}

describeWithSox('ADPCM', sox => {
	describeWithFfmpeg('is decoded to the bit', ffmpeg => {
		// ffmpeg rounds IMA in another way than its specification, SoX the predictions of Microsoft.
		const decodeWith = {
			'as by SoX': (path: string) => execFileSync(sox, [path, '-t', 'raw', '-e', 'float', '-b', '32', '-']),
			'as by ffmpeg': (path: string) => execFileSync(ffmpeg, ['-v', 'error', '-i', path, '-f', 'f32le', '-']),
		};

		it.each([
			['as by SoX', 'IMA', 1, 'ima-adpcm'],
			['as by SoX', 'IMA', 2, 'ima-adpcm'],
			['as by ffmpeg', 'Microsoft', 1, 'ms-adpcm'],
			['as by ffmpeg', 'Microsoft', 2, 'ms-adpcm'],
		] as const)('%s: %s, %i channel(s)', async (reference, _name, channels, encoding) => {
			const path = join(await temporaryDirectory(), 'adpcm.wav');
			// A second and a half that moves through the whole range, other in each channel.
			const tones = ['sine', '100-4000', 'sine', '3000-50'].slice(0, channels * 2);
			const format = ['-r', '16000', '-c', String(channels), '-e', encoding];
			execFileSync(sox, ['-D', '-n', ...format, path, 'synth', '1.5', ...tones, 'vol', '0.9']);
			const expected = new Float32Array(Uint8Array.from(decodeWith[reference](path)).buffer);
			const got = await decodeChannels(streamInput(await readFile(path), [777, 13, 5000]));
			expect(got.length).toBe(channels);
			for (const [channel, samples] of got.entries()) {
				expect(samples.length).toBeGreaterThanOrEqual(24_000);
				const wanted = expected.filter((_, index) => index % channels === channel);
				// The last block is filled up, which a reference may cut.
				const common = Math.min(samples.length, wanted.length);
				expect(common).toBeGreaterThanOrEqual(24_000);
				expect(samples.subarray(0, common).findIndex((sample, index) => sample !== wanted[index])).toBe(-1);
			}
		});
	});
});
