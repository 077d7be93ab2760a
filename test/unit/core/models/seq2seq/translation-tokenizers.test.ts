import {describe, expect, it} from 'vitest';
import {describeSeq2seq} from '../../../../../src/core/models/seq2seq/describe-seq2seq.js';
import {openTranslationTokenizer} from '../../../../../src/core/models/seq2seq/translation-tokenizers.js';
import {fixtureFolder, readFixture, type GoldenTokens} from '../../../../helpers/random-translation-model.js';

async function openTokenizer(name: 'marian' | 'nllb' | 'm2m') {
	const folder = fixtureFolder(name);
	return openTranslationTokenizer(folder, await describeSeq2seq(folder, 'own'));
}

// Tokens of transformers 4.57.1 and sentencepiece 0.2.3 (test/fixtures/seq2seq/make-goldens.py): unigram with a
// vocabulary for each side, byte pairs in a tokenizer.json, byte pairs in a SentencePiece model.
describe.each(['marian', 'nllb', 'm2m'] as const)('the tokenizer of a %s', name => {
	it('cuts texts as the reference does, spaces, ligatures and unknown characters included', async () => {
		const tokenizer = await openTokenizer(name);
		const {sources} = await readFixture<GoldenTokens>(name, 'tokens.json');
		for (const {text, tokens} of sources) {
			expect([text, tokenizer.encodeSource([text], 'en', 'de').tokens]).toEqual([text, tokens]);
		}
	});

	it('cuts and joins translations as the reference does', async () => {
		const tokenizer = await openTokenizer(name);
		const {targets} = await readFixture<GoldenTokens>(name, 'tokens.json');
		for (const {text, tokens, decoded} of targets) {
			expect([text, tokenizer.encodeTarget(text, false)]).toEqual([text, tokens]);
			expect(tokenizer.decodeTarget(tokens).trim()).toBe(decoded.trim());
		}
	});

	it('says which word each token is of', async () => {
		const tokenizer = await openTokenizer(name);
		const words = ['Nobody', ' knows', ' ﬁnally', ' how.'];
		const {tokens, wordOf} = tokenizer.encodeSource(words, 'en', 'de');
		expect(wordOf).toHaveLength(tokens.length);
		for (const [index, word] of words.entries()) {
			const own = tokens.filter((_, place) => wordOf[place] === index);
			expect(own).toEqual(
				tokenizer.encodeSource([word], 'en', 'de').tokens.slice(name === 'marian' ? 0 : 1, -1),
			);
		}
	});

	it('knows which tokens go on with a word', async () => {
		const tokenizer = await openTokenizer(name);
		const tokens = tokenizer.encodeTarget('Niemand lernt, wie schnell.', false);
		const texts = tokens.map((_, place) => tokenizer.decodeTarget(tokens.slice(0, place + 1)));
		const continues = texts.map((text, place) => /^\p{L}/u.test(text.slice(texts[place - 1]?.length ?? 0)));
		expect(tokens.slice(1).map(token => tokenizer.continuesWord(token))).toEqual(continues.slice(1));
		expect(new Set(continues.slice(1)).size).toBe(2);
	});

	it('cuts a text that goes on where another ends without a space of its own', async () => {
		const tokenizer = await openTokenizer(name);
		const whole = tokenizer.encodeTarget('Der Redner dankt', false);
		expect([
			...tokenizer.encodeTarget('Der', false),
			...tokenizer.encodeTarget(' Redner dankt', true),
		]).toEqual(whole);
		expect(
			tokenizer.decodeTarget([...tokenizer.encodeTarget('Der', false), ...tokenizer.encodeTarget('n', true)]),
		).toBe('Dern');
	});
});
