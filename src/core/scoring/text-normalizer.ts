/**
 * What is made equal before words or characters are compared.
 *
 * - `basic`: NFKC, lower case, apostrophes deleted, every other character that is no letter, mark or number
 *   becomes a space. The rule behind the numbers of this project's documents.
 * - `whisper-basic`: the rules the Whisper paper gives for languages other than English: text in brackets
 *   deleted, lower case, NFKC, every mark, symbol and punctuation becomes a space (so that "don't" is two words).
 * - `english`: `basic`, and what an English writer may write either way becomes one: titles ("Mr." and "mister"),
 *   contractions ("don't" and "do not"), hesitations left out. Of the Whisper paper's English rules it lacks the
 *   spelling of numbers and British spelling.
 */
export const TEXT_NORMALIZERS = ['basic', 'whisper-basic', 'english'] as const;

export type TextNormalizer = (typeof TEXT_NORMALIZERS)[number];

/** The text with single spaces between words and none at its ends. */
export function normalizeText(text: string, normalizer: TextNormalizer = 'basic'): string {
	switch (normalizer) {
		case 'basic':
			return normalizeBasic(text);
		case 'whisper-basic':
			return normalizeWhisperBasic(text);
		case 'english':
			return normalizeEnglish(text);
	}
}

function normalizeBasic(text: string): string {
	return squeeze(
		text
			.normalize('NFKC')
			.toLowerCase()
			.replace(/['\u2019]/g, '')
			// Marks stay: without its vowel signs a word of Hindi or Thai falls to pieces.
			.replace(/[^\p{L}\p{M}\p{N}]/gu, ' '),
	);
}

function normalizeWhisperBasic(text: string): string {
	return squeeze(
		text
			.toLowerCase()
			.replace(/[<[][^>\]]*[>\]]/g, '')
			.replace(/\([^)]+\)/g, '')
			.normalize('NFKC')
			.replace(/[\p{M}\p{S}\p{P}]/gu, ' ')
			.toLowerCase(),
	);
}

const ENGLISH_TITLES: Readonly<Record<string, string>> = {
	mr: 'mister',
	mrs: 'missus',
	ms: 'miss',
	dr: 'doctor',
	st: 'saint',
	prof: 'professor',
	capt: 'captain',
	gov: 'governor',
	gen: 'general',
	sen: 'senator',
	rep: 'representative',
	rev: 'reverend',
	hon: 'honorable',
	jr: 'junior',
	sr: 'senior',
	esq: 'esquire',
};

const ENGLISH_HESITATIONS = new Set(['hmm', 'mm', 'mhm', 'mmm', 'uh', 'um']);

function normalizeEnglish(text: string): string {
	const written = text
		.normalize('NFKC')
		.toLowerCase()
		.replace(/\u2019/g, "'")
		.replace(/\bwon't\b/g, 'will not')
		.replace(/\bcan't\b/g, 'can not')
		.replace(/\blet's\b/g, 'let us')
		.replace(/\bain't\b/g, 'aint')
		.replace(/\by'all\b/g, 'you all')
		.replace(/\bcannot\b/g, 'can not')
		.replace(/n't\b/g, ' not')
		.replace(/'re\b/g, ' are')
		.replace(/'ll\b/g, ' will')
		.replace(/'ve\b/g, ' have')
		.replace(/'m\b/g, ' am');
	return normalizeBasic(written)
		.split(' ')
		.filter(word => !ENGLISH_HESITATIONS.has(word))
		.map(word => (Object.hasOwn(ENGLISH_TITLES, word) ? ENGLISH_TITLES[word]! : word))
		.join(' ');
}

function squeeze(text: string): string {
	return text.replace(/\s+/g, ' ').trim();
}
