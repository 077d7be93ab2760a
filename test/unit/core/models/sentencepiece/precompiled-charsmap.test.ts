import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {PrecompiledCharsmap} from '../../../../../src/core/models/sentencepiece/precompiled-charsmap.js';
import {
	readSentencePiece,
	type SentencePieceModel,
} from '../../../../../src/core/models/sentencepiece/read-sentencepiece.js';
import {SentencePieceEncoder} from '../../../../../src/core/models/sentencepiece/sentencepiece-encoder.js';
import {fixtureFolder} from '../../../../helpers/random-translation-model.js';
import {catchError} from '../../../../helpers/catch-error.js';

describe('a SentencePiece model', () => {
	let model: SentencePieceModel;

	beforeAll(async () => {
		const path = join(fixtureFolder('marian'), 'source.spm');
		model = readSentencePiece(await readFile(path), path);
	});

	it.each([
		['ﬁnal', 'final'],
		['ｆｕｌｌ', 'full'],
		['½', '1⁄2'],
		['a\u0007b\u200bc', 'ab c'],
		['tab\there\u3000and', 'tab here and'],
		['e\u0301', '\u00e9'],
		['plain', 'plain'],
	])('normalises %j as nmt_nfkc does', (text, normal) => {
		expect(new PrecompiledCharsmap(model.charsmap).normalize(text)).toBe(normal);
	});

	it('changes nothing without a map', () => {
		expect(new PrecompiledCharsmap(new Uint8Array()).normalize('ﬁ  ½')).toBe('ﬁ  ½');
	});

	it('loses no character that it does not know, and joins a run of them', () => {
		const pieces = new SentencePieceEncoder(model).encode('The ☃🙂 end');
		expect(pieces.join('')).toBe('▁The▁☃🙂▁end');
		expect(pieces).toContain('☃🙂');
	});

	it('gives nothing for a text of spaces', () => {
		expect(new SentencePieceEncoder(model).encode(' \t ')).toEqual([]);
	});

	it('writes unknown characters as bytes where the model does', () => {
		const bytes = new SentencePieceEncoder({...model, byteFallback: true}).encode('☃');
		expect(bytes).toEqual(['▁', '<0xE2>', '<0x98>', '<0x83>']);
	});

	it('keeps symbols whole that a user added', () => {
		const pieces = [...model.pieces, {text: 'knows', score: 0, kind: 'user-defined' as const}];
		expect(new SentencePieceEncoder({...model, pieces}).encode('Nobody knows')).toContain('knows');
	});

	it('refuses files that hold something else', () => {
		for (const bytes of [new Uint8Array(), Uint8Array.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('{}')]) {
			expect(catchError(() => readSentencePiece(bytes, 'there'))).toHaveProperty('code', 'MODEL_CORRUPT');
		}
	});
});
