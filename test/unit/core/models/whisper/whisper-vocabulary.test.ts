import {describe, expect, it} from 'vitest';
import {listTokens} from '../../../../../src/core/models/whisper/whisper-vocabulary.js';
import {makeVocabulary} from '../../../../helpers/tiny-whisper.js';

describe('WhisperVocabulary', () => {
	it('gives every byte back', () => {
		const text = 'Größe, 名前, ¿qué?\n\t\u00ad\u00a0 😀 naïve';
		const bytes = [...Buffer.from(text)];
		const vocabulary = makeVocabulary(bytes.map(byte => [byte]));
		expect(vocabulary.decode([...bytes.keys()])).toBe(text);
	});

	it('marks a character that is cut', () => {
		const vocabulary = makeVocabulary(['a', [0xe6, 0xa1], [0xa5]]);
		expect(vocabulary.decode([0, 1])).toBe('a\uFFFD');
		expect(vocabulary.decode([0, 1, 2])).toBe('a桥');
		expect(vocabulary.decode([2, 0])).toBe('\uFFFDa');
	});

	it('has no text for tokens it does not know', () => {
		expect(makeVocabulary(['a']).decode([0, 50_364, 0])).toBe('aa');
		expect(makeVocabulary(['a']).decode([])).toBe('');
	});
});

describe('listTokens()', () => {
	it('lists tokens by id, without those that steer', () => {
		const vocab = {b: 1, a: 0, '<|endoftext|>': 4, d: 3, '<|de|>': 6};
		expect(listTokens({model: {vocab}}, 4)).toEqual(['a', 'b', '', 'd']);
	});
});
