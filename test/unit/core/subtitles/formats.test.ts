import {parseSync} from 'subtitle';
import {describe, expect, it} from 'vitest';
import {WebVTTParser} from 'webvtt-parser';

import {SUBTITLE_FORMATS} from '../../../../src/core/subtitles/subtitle-formatter.js';
import {formatSegments} from '../../../helpers/format-segments.js';
import {makeSegment, makeWords} from '../../../helpers/make-segment.js';

const speech = [
	makeSegment({
		index: 0,
		startMs: 320,
		endMs: 7600,
		text: 'And so my fellow Americans, ask not what your country can do for you,',
	}),
	makeSegment({
		index: 1,
		startMs: 7600,
		endMs: 10_990,
		text: 'ask what you can do for your country.',
		averageLogProbability: -0.31,
	}),
];
const hostile = [
	makeSegment({text: 'if a < b && b --> c\n\n2\n00:00:01,000 --> 00:00:02,000\tthen </c> &amp;'}),
];
const worded = [
	makeSegment({
		startMs: 900,
		endMs: 3000,
		text: 'Hello, big <world>.',
		words: makeWords([' Hello,', ' big', ' <world>.'], 1000, 500),
	}),
];

function readSubrip(text: string): {start: number; end: number; text: string}[] {
	return parseSync(text).flatMap(node => (node.type === 'cue' ? [node.data] : []));
}

function readWebvtt(text: string) {
	const {cues, errors} = new WebVTTParser().parse(text, 'subtitles');
	expect(errors).toEqual([]);
	return cues;
}

describe('srt', () => {
	it('is read back by another parser with the same times and lines', () => {
		expect(readSubrip(formatSegments('srt', speech))).toEqual([
			{
				start: 320,
				end: 7600,
				text: 'And so my fellow Americans,\nask not what your country can do for you,',
			},
			{start: 7680, end: 10_990, text: 'ask what you can do for your country.'},
		]);
	});

	it('numbers the cues from 1 and separates them by an empty line', () => {
		expect(formatSegments('srt', speech)).toMatch(
			/^1\n00:00:00,320 --> 00:00:07,600\n[^\n]+\n[^\n]+\n\n2\n00:00:07,680 --> 00:00:10,990\n[^\n]+\n\n$/,
		);
	});

	it('lets no text pass for a cue of its own', () => {
		const cues = readSubrip(formatSegments('srt', hostile));
		expect(cues).toHaveLength(1);
		expect(cues[0]?.text).toContain('b -> c 2 00:00:01,000 ->');
	});

	it('makes every word a cue when words are wanted', () => {
		expect(readSubrip(formatSegments('srt', worded, {words: true}))).toEqual([
			{start: 1000, end: 1500, text: 'Hello,'},
			{start: 1500, end: 2000, text: 'big'},
			{start: 2000, end: 2500, text: '<world>.'},
		]);
	});
});

describe('vtt', () => {
	it('is valid to the W3C parser, with the same times and lines', () => {
		expect(
			readWebvtt(formatSegments('vtt', speech)).map(({startTime, endTime, text}) => ({
				startTime,
				endTime,
				text,
			})),
		).toEqual([
			{
				startTime: 0.32,
				endTime: 7.6,
				text: 'And so my fellow Americans,\nask not what your country can do for you,',
			},
			{startTime: 7.68, endTime: 10.99, text: 'ask what you can do for your country.'},
		]);
	});

	it('escapes what would be markup', () => {
		const [cue, ...others] = readWebvtt(formatSegments('vtt', hostile));
		expect(others).toEqual([]);
		expect(cue?.tree.children.map(node => node.type)).toEqual(['text']);
		expect(cue?.text.replaceAll('\n', ' ')).toBe(
			'if a &lt; b &amp;&amp; b --&gt; c 2 00:00:01,000 --&gt; 00:00:02,000 then &lt;/c&gt; &amp;amp;',
		);
	});

	it('puts a timestamp before every word that begins after its cue when words are wanted', () => {
		const [cue] = readWebvtt(formatSegments('vtt', worded, {words: true}));
		expect(cue?.text).toBe('<00:00:01.000>Hello, <00:00:01.500>big <00:00:02.000>&lt;world&gt;.');
	});

	it('leaves out word times that do not rise inside the cue', () => {
		const words = [
			...makeWords([' one', ' two'], 1000, 0),
			...makeWords([' three'], 900, 100),
			...makeWords([' four'], 9000, 100),
		];
		const [cue] = readWebvtt(
			formatSegments('vtt', [makeSegment({startMs: 500, endMs: 2000, text: 'one two three four', words})], {
				words: true,
			}),
		);
		expect(cue?.tree.children.filter(node => node.type === 'timestamp')).toHaveLength(1);
	});
});

describe('json', () => {
	it('has the shape that Whisper programs share', () => {
		expect(JSON.parse(formatSegments('json', speech))).toEqual({
			file: 'talk.wav',
			model: 'whisper-base',
			task: 'transcribe',
			text: 'And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country.',
			language: 'en',
			language_probability: 0.96,
			duration: 11,
			segments: [
				{
					id: 0,
					start: 0.32,
					end: 7.6,
					text: 'And so my fellow Americans, ask not what your country can do for you,',
					temperature: 0,
					avg_logprob: -0.25,
					compression_ratio: 1.3,
					no_speech_prob: 0.02,
				},
				{
					id: 1,
					start: 7.6,
					end: 10.99,
					text: 'ask what you can do for your country.',
					temperature: 0,
					avg_logprob: -0.31,
					compression_ratio: 1.3,
					no_speech_prob: 0.02,
				},
			],
		});
	});

	it('lists the words when they are wanted', () => {
		const {segments} = JSON.parse(formatSegments('json', worded, {words: true})) as {
			segments: {words: unknown[]}[];
		};
		expect(segments[0]?.words).toEqual([
			{word: ' Hello,', start: 1, end: 1.5, probability: 0.9},
			{word: ' big', start: 1.5, end: 2, probability: 0.9},
			{word: ' <world>.', start: 2, end: 2.5, probability: 0.9},
		]);
	});

	it('joins Chinese sentences without spaces', () => {
		const segments = [
			makeSegment({text: '你好。', sourceLanguage: 'zh'}),
			makeSegment({text: '再见。', sourceLanguage: 'zh', index: 1}),
		];
		expect(JSON.parse(formatSegments('json', segments))).toMatchObject({text: '你好。再见。'});
		expect(JSON.parse(formatSegments('json', segments, {targetLanguage: 'en'}))).toMatchObject({
			text: '你好。 再见。',
		});
	});
});

describe('tsv', () => {
	it('has a header and whole milliseconds, and no tab or line break inside the text', () => {
		expect(formatSegments('tsv', [makeSegment({startMs: 0.4, endMs: 1999.6, text: 'a\tb\nc'})])).toBe(
			'start\tend\ttext\n0\t2000\ta b c\n',
		);
	});

	it('has a row for each word when words are wanted', () => {
		expect(formatSegments('tsv', worded, {words: true}).split('\n').slice(1, 4)).toEqual([
			'1000\t1500\tHello,',
			'1500\t2000\tbig',
			'2000\t2500\t<world>.',
		]);
	});
});

describe('lrc', () => {
	it('has a line for each segment', () => {
		expect(formatSegments('lrc', speech)).toBe(
			'[00:00.32]And so my fellow Americans, ask not what your country can do for you,\n[00:07.60]ask what you can do for your country.\n',
		);
	});

	it('times every word when words are wanted', () => {
		expect(formatSegments('lrc', worded, {words: true})).toBe(
			'[00:00.90]<00:01.00>Hello, <00:01.50>big <00:02.00><world>.\n',
		);
	});
});

describe('txt', () => {
	it('has a line for each segment', () => {
		expect(formatSegments('txt', speech).split('\n')).toEqual([speech[0]?.text, speech[1]?.text, '']);
	});
});

describe('every format', () => {
	it.each(SUBTITLE_FORMATS)('%s can hold a recording in which nobody speaks', format => {
		const text = formatSegments(format, []);
		if (format === 'json') {
			expect(JSON.parse(text)).toMatchObject({text: '', segments: []});
			return;
		}

		expect(text).toBe({txt: '', srt: '', lrc: '', vtt: 'WEBVTT\n\n', tsv: 'start\tend\ttext\n'}[format]);
	});

	it.each(SUBTITLE_FORMATS)('%s writes segments without words although words are wanted', format => {
		expect(formatSegments(format, speech, {words: true})).toContain('ask what you can do for your country.');
	});
});
