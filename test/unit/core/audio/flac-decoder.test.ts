import {execFileSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {openByteSource} from '../../../../src/core/audio/byte-source.js';
import {openFlacDecoder} from '../../../../src/core/audio/flac-decoder.js';
import {readOggPayload} from '../../../../src/core/audio/ogg-pages.js';
import {createRandom, streamInput} from '../../../helpers/byte-stream.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {describeWithFfmpeg} from '../../../helpers/programs.js';
import {concatSamples, readAudio} from '../../../helpers/read-samples.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

/** The channels of a whole stream, interleaved, and the warnings. */
async function decode(
	bytes: Uint8Array,
	isOgg = false,
): Promise<{interleaved: Float32Array; warnings: string[]}> {
	const source = await openByteSource(streamInput(bytes, [3001, 17, 9000]));
	const warnings: string[] = [];
	const read = isOgg ? readOggPayload(source, 9) : () => source.read();
	const decoder = await openFlacDecoder({name: 'test', read, close: () => source.close()}, 'FLAC', {
		warn: message => warnings.push(message),
	});
	const blocks: Float32Array[] = [];
	for (let block = await decoder.read(); block !== undefined; block = await decoder.read()) {
		const {channels} = block;
		const interleaved = new Float32Array(channels.length * channels[0]!.length);
		for (const [channel, samples] of channels.entries()) {
			samples.forEach((sample, index) => (interleaved[index * channels.length + channel] = sample));
		}
		blocks.push(interleaved);
	}
	return {interleaved: concatSamples(blocks), warnings};
}

describeWithFfmpeg('FLAC', ffmpeg => {
	const run = (...args: string[]): Uint8Array =>
		Uint8Array.from(execFileSync(ffmpeg, ['-v', 'error', ...args], {maxBuffer: 2 ** 28}));
	const reference = (bytes: Uint8Array): Float32Array =>
		new Float32Array(
			Uint8Array.from(
				execFileSync(ffmpeg, ['-v', 'error', '-i', '-', '-f', 'f32le', '-'], {
					input: bytes,
					maxBuffer: 2 ** 28,
				}),
			).buffer,
		);
	/** Four seconds of tone and noise. */
	const encode = (...options: string[]): Uint8Array =>
		run(
			...[
				'-f',
				'lavfi',
				'-i',
				"aevalsrc='0.4*sin(2*PI*t*(200+300*t))+0.1*random(0)|0.3*sin(2*PI*500*t)+0.2*random(1)':s=44100:d=4",
			],
			...options,
			...['-f', 'flac', '-'],
		);

	describe('is decoded to the bit, as by ffmpeg', () => {
		it.each([
			['16-bit stereo', []],
			['16-bit mono at 16 kHz', ['-ac', '1', '-ar', '16000']],
			['24-bit', ['-sample_fmt', 's32', '-bits_per_raw_sample', '24']],
			['without prediction', ['-compression_level', '0']],
			[
				'with long prediction',
				['-compression_level', '12', '-lpc_type', 'cholesky', '-max_prediction_order', '32'],
			],
			['with fixed predictors', ['-lpc_type', 'fixed', '-prediction_order_method', '5']],
			['left and side', ['-ch_mode', 'left_side']],
			['right and side', ['-ch_mode', 'right_side']],
			['mid and side', ['-ch_mode', 'mid_side']],
			['independent channels', ['-ch_mode', 'indep']],
			['six channels', ['-ac', '6']],
			['a rate that needs the header', ['-ar', '37800']],
			['samples whose lower bits are empty', ['-af', 'acrusher=bits=6:mode=lin:mix=1,volume=0.5']],
			['silence', ['-af', 'volume=0']],
			['small blocks', ['-frame_size', '192']],
		])('%s', async (_name, options) => {
			const bytes = encode(...options);
			const {interleaved, warnings} = await decode(bytes);
			const expected = reference(bytes);
			expect(interleaved.length).toBe(expected.length);
			expect(interleaved.findIndex((sample, index) => sample !== expected[index])).toBe(-1);
			expect(warnings).toEqual([]);
		});

		it('inside Ogg', async () => {
			const bytes = encode();
			const ogg = Uint8Array.from(
				execFileSync(ffmpeg, ['-v', 'error', '-i', '-', '-c', 'copy', '-f', 'ogg', '-'], {input: bytes}),
			);
			const {interleaved} = await decode(ogg, true);
			expect(interleaved).toEqual(reference(bytes));
		});
	});

	describe('that is damaged', () => {
		let whole: Uint8Array;
		let expected: Float32Array;

		beforeAll(() => {
			whole = encode('-ac', '1');
			expected = reference(whole);
		});

		it.each([1, 2, 3, 4, 5])(
			'keeps the time of all that follows, with silence for what was lost (%i)',
			async seed => {
				const random = createRandom(seed);
				const bytes = whole.slice();
				const place = Math.floor(bytes.length * (0.2 + 0.6 * random()));
				for (let index = 0; index < (seed % 2 === 0 ? 1 : 3000); index++)
					bytes[place + index]! ^= 1 + Math.floor(random() * 255);
				const {interleaved, warnings} = await decode(bytes);
				expect(interleaved.length).toBe(expected.length);
				const wrong = interleaved.reduce(
					(count, sample, index) => count + Number(sample !== expected[index]),
					0,
				);
				expect(wrong).toBeGreaterThan(0);
				// A frame has 4608 samples at this rate, and the damage may touch two, and what is between them.
				expect(wrong).toBeLessThanOrEqual(4608 * 3);
				expect(interleaved.every((sample, index) => sample === expected[index] || sample === 0)).toBe(true);
				expect(warnings).toEqual([expect.stringContaining('is damaged')]);
			},
		);

		it('gives all whole frames before a cut', async () => {
			const {interleaved, warnings} = await decode(whole.subarray(0, whole.length / 2));
			expect(interleaved.length).toBeGreaterThan(expected.length / 2 - 2 * 4608);
			expect(interleaved).toEqual(expected.subarray(0, interleaved.length));
			// A pipe leaves no length in the header.
			expect(warnings).toEqual([expect.stringMatching(/is cut short after \d\.\d\d s$/)]);
		});

		it('has no frame at all: nothing but the warning', async () => {
			const {interleaved, warnings} = await decode(whole.subarray(0, 8400));
			expect(interleaved.length).toBe(0);
			expect(warnings).toEqual([expect.stringContaining('is cut short after 0.00 s')]);
		});

		it('is refused when its header is cut', async () => {
			const error = await catchRejection(decode(whole.subarray(0, 30)));
			expect(error.code).toBe('AUDIO_UNDECODABLE');
			expect(error.message).toContain('ends inside its header');
		});
	});

	it('may begin with an ID3 tag', async () => {
		const path = join(await temporaryDirectory(), 'tagged.flac');
		const tag = Buffer.from([...Buffer.from('ID3'), 4, 0, 0, 0, 0, 0x10, 0, ...new Uint8Array(2048)]);
		const bytes = encode('-ac', '1', '-ar', '16000');
		await writeFile(path, Buffer.concat([tag, bytes]));
		expect((await readAudio({kind: 'file', path})).samples).toEqual(reference(bytes));
	});
});
