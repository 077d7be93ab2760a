import {describe, expect, it} from 'vitest';
import type {TranslationModel} from '../../../../../../src/core/models/seq2seq/translation-model.js';
import {
	IncrementalCascade,
	type CascadeSettings,
} from '../../../../../../src/core/translation/text/cascade/incremental-cascade.js';
import {CascadeTranslator} from '../../../../../../src/core/translation/text/cascade/open-seq2seq-translator.js';
import type {
	SourceTurn,
	SourceWord,
	TargetWord,
	TextTranslation,
	TextTranslationOptions,
} from '../../../../../../src/core/translation/text/text-translator.js';
import {createRandom} from '../../../../../../src/core/util/random.js';
import {catchRejection} from '../../../../../helpers/catch-rejection.js';
import {catchError} from '../../../../../helpers/catch-error.js';
import {createScriptedTranslationModel} from '../../../../../helpers/scripted-translation-model.js';

/** Every word half a second long. */
function say(text: string, firstMs = 0): SourceWord[] {
	return text.split(' ').map((word, place) => ({
		text: ` ${word}`,
		startMs: firstMs + 500 * place,
		endMs: firstMs + 500 * place + 400,
	}));
}

const OPTIONS: TextTranslationOptions = {
	sourceLanguage: 'en',
	target: 'de',
	latencyMultiplier: 1,
	glossary: [],
};

function open(
	model: TranslationModel,
	options: Partial<TextTranslationOptions> = {},
	settings: CascadeSettings = {},
): IncrementalCascade {
	return new IncrementalCascade(model, {...OPTIONS, ...options}, settings);
}

/** Upper case, word by word. */
const shouting = createScriptedTranslationModel({translate: words => words.map(word => word.toUpperCase())});

/** Says something else for the last words, until it knows how they go on. */
function wavering(wrong: number): TranslationModel {
	return createScriptedTranslationModel({
		translate: words =>
			words.map((word, place) =>
				place >= words.length - wrong && !word.endsWith('.') ? `guess${words.length}` : word.toUpperCase(),
			),
	});
}

const textOf = (words: readonly TargetWord[]): string => words.map(({text}) => text).join('');

describe('IncrementalCascade', () => {
	it('settles what two looks agree on, but for the last word, which may still grow', async () => {
		const cascade = open(shouting);
		const [one, two, three] = say('one two three');
		expect(await cascade.translate({words: [one!], closes: false})).toEqual({words: [], tail: ' ONE'});
		const second = await cascade.translate({words: [two!], closes: false});
		expect([textOf(second.words), second.tail]).toEqual([' ONE', ' TWO']);
		const third = await cascade.translate({words: [three!], closes: false});
		expect([textOf(third.words), third.tail]).toEqual([' TWO', ' THREE']);
	});

	it('holds the last word though two looks agree on it, until another follows it', async () => {
		const model = createScriptedTranslationModel({
			translate: words =>
				[['Haus'], ['Haus'], ['Haustür', 'auf'], ['Haustür', 'auf', 'dann']][words.length - 1]!,
		});
		const cascade = open(model);
		const told: string[] = [];
		for (const word of say('house or door then'))
			told.push(textOf((await cascade.translate({words: [word], closes: false})).words));
		expect(told).toEqual(['', '', '', ' Haustür auf']);
	});

	it('settles nothing that a later look sees otherwise', async () => {
		const cascade = open(wavering(2));
		const told: string[] = [];
		for (const word of say('one two three four')) {
			told.push(textOf((await cascade.translate({words: [word], closes: false})).words));
		}
		expect(told).toEqual(['', '', '', ' ONE']);
	});

	it('goes on with the next sentence where one has become longer than the model can write', async () => {
		const model = createScriptedTranslationModel({
			maxTokens: 12,
			translate: words => words.flatMap(word => [`${word}1`, `${word}2`, `${word}3`]),
		});
		const cascade = open(model);
		let text = '';
		for (const word of say('a b c d e f g h i j. k.')) {
			text += textOf((await cascade.translate({words: [word], closes: false})).words);
		}
		expect(text).toMatch(/^ a1 a2 a3 b1 b2 .* k\.1 k\.2 k\.3$/);
	});

	it('settles all of a sentence when it ends, and begins a new one', async () => {
		const requests: string[] = [];
		const model = createScriptedTranslationModel({
			translate: words => words.map(word => word.toUpperCase()),
			onRequest: (_, source) => requests.push(source.join(' ')),
		});
		const turn = await open(model).translate({words: say('it rains. we stay'), closes: false});
		expect(textOf(turn.words)).toBe(' IT RAINS.');
		expect(turn.tail).toBe(' WE STAY');
		expect(requests).toEqual(['it rains.', 'we stay']);
	});

	it('settles all and has no tail when the turn closes', async () => {
		const cascade = open(wavering(1));
		await cascade.translate({words: say('one two'), closes: false});
		const turn = await cascade.translate({words: [], closes: true});
		expect([textOf(turn.words), turn.tail]).toEqual([' ONE guess2', '']);
		expect(await cascade.translate({words: [], closes: true})).toEqual({words: [], tail: ''});
	});

	it('does not settle an end of a sentence that the speaker goes on with', async () => {
		const model = createScriptedTranslationModel({translate: () => ['Ich', 'denke.', 'Also', 'ja']});
		const cascade = open(model);
		await cascade.translate({words: say('I'), closes: false});
		const turn = await cascade.translate({words: say('think'), closes: false});
		expect(textOf(turn.words)).toBe(' Ich');
	});

	it('forces what is settled to the beginning of the next look', async () => {
		const prefixes: (readonly number[] | undefined)[] = [];
		const model = createScriptedTranslationModel({
			translate: words => words,
			onRequest: ({forcedPrefix}) => prefixes.push(forcedPrefix),
		});
		const cascade = open(model);
		for (const word of say('one two three')) await cascade.translate({words: [word], closes: false});
		expect(prefixes.map(prefix => prefix!.length)).toEqual([0, 0, 1]);
	});

	it('looks the more seldom the higher the latency multiplier, from the change on', async () => {
		let looks = 0;
		const model = createScriptedTranslationModel({translate: words => words, onRequest: () => looks++});
		const cascade = open(model, {latencyMultiplier: 2});
		for (const word of say('one two three four')) await cascade.translate({words: [word], closes: false});
		expect(looks).toBe(2);
		cascade.change({latencyMultiplier: 1});
		await cascade.translate({words: say('five'), closes: false});
		expect(looks).toBe(3);
	});

	it('tells the source words a target word stands for, never going back', async () => {
		const model = createScriptedTranslationModel({
			translate: words => words,
			// The second of the target stands for the third of the source, the third for the second.
			align: place => [0, 2, 1, 3][place]!,
		});
		const {words} = await open(model).translate({words: say('a b c d'), closes: true});
		expect(words.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
			[0, 400],
			[1000, 1400],
			[1000, 1400],
			[1500, 1900],
		]);
		expect(words.map(({probability}) => probability.toFixed(3))).toEqual(Array(4).fill('0.500'));
	});

	it('takes the same place of the sentence where the model does not tell what it looked at', async () => {
		const model = createScriptedTranslationModel({
			translate: words => words.flatMap(word => [word, word]),
			tellsAlignment: false,
		});
		const {words} = await open(model).translate({words: say('a b c'), closes: true});
		expect(words.map(({startMs}) => startMs)).toEqual([0, 0, 500, 500, 1000, 1000]);
	});

	it('tells characters where a language is counted in them, and joins sentences without a space', async () => {
		const model = createScriptedTranslationModel({
			translate: words => words.flatMap(word => (word.endsWith('.') ? ['天气', '好。'] : ['天气'])),
			space: '',
		});
		const cascade = open(model, {target: 'zh'});
		const {words} = await cascade.translate({words: say('fine. fine.'), closes: false});
		expect(words.map(({text}) => text)).toEqual(Array.from('天气好。天气好。'));
	});

	it('reads closed sentences before the open one, with their translations', async () => {
		const seen: string[] = [];
		const model = createScriptedTranslationModel({
			translate: words => words.map(word => word.toUpperCase()),
			onRequest: ({forcedPrefix}, source) => seen.push(`${source.join(' ')} | ${forcedPrefix!.length}`),
		});
		const cascade = open(model, {}, {contextSentences: 1});
		const told = [];
		for (const text of ['one two.', 'three.', 'four five.'])
			told.push(textOf((await cascade.translate({words: say(text), closes: false})).words));
		expect(seen).toEqual(['one two. | 0', 'one two. three. | 2', 'three. four five. | 1']);
		expect(told.join('')).toBe(' ONE TWO. THREE. FOUR FIVE.');
	});

	it('is as it was before a call that was given up', async () => {
		const abort = new AbortController();
		let isSlow = false;
		const model = createScriptedTranslationModel({
			translate: words => words,
			before: () => {
				if (isSlow) abort.abort(new Error('enough'));
				return Promise.resolve();
			},
		});
		const cascade = open(model);
		await cascade.translate({words: say('one.  two'), closes: false});
		const before = structuredClone(cascade.checkpoint());
		isSlow = true;
		const error = await cascade
			.translate({words: say('three. four'), closes: true}, abort.signal)
			.then(undefined, (reason: unknown) => reason);
		expect(error).toBe(abort.signal.reason);
		expect(cascade.checkpoint()).toEqual(before);
	});
});

describe('IncrementalCascade with a glossary', () => {
	const glossary = [
		{source: 'bank', target: 'Geldinstitut'},
		{source: 'river', target: 'Strom'},
		{source: 'river bank', target: 'Ufer am Fluss'},
	];

	/** Never writes a term by itself. */
	const model = createScriptedTranslationModel({translate: words => words.map(word => word.toUpperCase())});

	it('writes terms as asked for, the longest first, and counts them', async () => {
		const terms: boolean[] = [];
		const cascade = open(model, {glossary}, {onTerm: isKept => terms.push(isKept)});
		const {words} = await cascade.translate({
			words: say('The Bank, the river bank and banks.'),
			closes: false,
		});
		expect(textOf(words)).toContain(' Geldinstitut');
		expect(textOf(words)).toContain(' Ufer am Fluss');
		expect(textOf(words)).not.toContain('Strom');
		expect(textOf(words)).toMatch(/BANKS\.$/);
		expect(cascade.terms).toEqual({found: 2, honoured: 2});
		expect(terms).toEqual([true, true]);
	});

	it('does not count on a term the model writes by itself, nor writes it twice', async () => {
		const helpful = createScriptedTranslationModel({
			translate: words => words.map(word => (word === 'bank' ? 'Geldinstitut' : word)),
		});
		const {words} = await open(helpful, {glossary}).translate({words: say('a bank here.'), closes: false});
		expect(textOf(words)).toBe(' a Geldinstitut here.');
	});

	it('counts a term as missed that came into the glossary when its translation was settled', async () => {
		const cascade = open(model);
		for (const word of say('a bank is here')) await cascade.translate({words: [word], closes: false});
		cascade.change({glossary});
		const {words} = await cascade.translate({words: [], closes: true});
		expect(textOf(words)).not.toContain('Geldinstitut');
		expect(cascade.terms).toEqual({found: 1, honoured: 0});
	});

	it('finds the place of a term where the model does not tell what it looked at', async () => {
		const blind = createScriptedTranslationModel({translate: words => words, tellsAlignment: false});
		const {words} = await open(blind, {glossary}).translate({words: say('one bank here.'), closes: false});
		expect(textOf(words)).toBe(' one Geldinstitut here.');
	});
});

/** What a speaker says, cut into turns at random, some of them closing. */
function randomTurns(seed: number): SourceTurn[] {
	const random = createRandom(seed);
	const turns: SourceTurn[] = [];
	let atMs = 0;
	const count = 10 + Math.floor(random() * 20);
	for (let turn = 0; turn < count; turn++) {
		const words: SourceWord[] = [];
		const length = Math.floor(random() * 4);
		for (let place = 0; place < length; place++) {
			const startMs = atMs + Math.floor(random() * 100);
			atMs = startMs + 50 + Math.floor(random() * 400);
			const mark = random() < 0.15 ? '.' : '';
			words.push({text: ` w${Math.floor(random() * 30)}${mark}`, startMs, endMs: atMs});
		}
		turns.push({words, closes: random() < 0.1});
	}
	return turns;
}

/** Wrong about the ends of texts, in a way that depends on the text alone. */
function unreliable(): TranslationModel {
	return createScriptedTranslationModel({
		translate: words =>
			words.map((word, place) => {
				const hash = Array.from(words.join()).reduce(
					(sum, character) => (sum * 31 + character.charCodeAt(0)) % 997,
					place,
				);
				const isWrong = words.length - place <= 3 && hash % 2 === 0;
				return isWrong ? `wrong${hash % 7}` : word.toUpperCase();
			}),
		align: (place, words) => (place * 7) % words,
	});
}

describe.each([1, 2, 3, 4] as const)(
	'IncrementalCascade of any text, at multiplier %i',
	latencyMultiplier => {
		it('only appends, and restores to the same text from any of its states', async () => {
			for (let seed = 1; seed <= 25; seed++) {
				const translator = new CascadeTranslator(unreliable(), {contextSentences: seed % 3});
				const options = {...OPTIONS, latencyMultiplier};
				const run = async (restoresAt: number): Promise<TargetWord[]> => {
					let translation: TextTranslation = translator.open(options);
					const told: TargetWord[] = [];
					let heardMs = 0;
					let lastMs = 0;
					for (const [place, turn] of [...randomTurns(seed), {words: [], closes: true}].entries()) {
						if (place === restoresAt) {
							const state = structuredClone(translation.checkpoint());
							translation.close();
							translation = translator.open(options, state);
						}
						heardMs = turn.words.at(-1)?.endMs ?? heardMs;
						const {words, tail} = await translation.translate(turn);
						for (const {startMs, endMs} of words) {
							expect(startMs).toBeGreaterThanOrEqual(lastMs);
							expect(endMs).toBeGreaterThanOrEqual(startMs);
							expect(endMs).toBeLessThanOrEqual(heardMs);
							lastMs = startMs;
						}
						if (turn.closes) expect(tail).toBe('');
						told.push(...words);
					}
					return told;
				};
				const whole = await run(-1);
				for (const word of whole) expect(word.text).toMatch(/^ \S+$/);
				const count = randomTurns(seed).flatMap(({words}) => words).length;
				expect(whole).toHaveLength(count);
				for (const at of [1, 5, 9]) expect(await run(at)).toEqual(whole);
			}
		});
	},
);

describe('CascadeTranslator', () => {
	it('refuses languages that its model does not have, and texts when it was closed', async () => {
		const translator = new CascadeTranslator(unreliable());
		expect(catchError(() => translator.open({...OPTIONS, target: 'fr'}))).toHaveProperty(
			'code',
			'LANGUAGE_PAIR_UNSUPPORTED',
		);
		const translation = translator.open(OPTIONS);
		translation.close();
		const late = await catchRejection(translation.translate({words: say('one'), closes: true}));
		expect(late.code).toBe('RESOURCE_CLOSED');
		await translator.close();
		expect(catchError(() => translator.open(OPTIONS))).toHaveProperty('code', 'RESOURCE_CLOSED');
	});

	it('waits for turns that run before it frees its model', async () => {
		let go: () => void = () => undefined;
		const waiting = new Promise<void>(resolve => (go = resolve));
		const translator = new CascadeTranslator(
			createScriptedTranslationModel({translate: words => words, before: () => waiting}),
		);
		const turn = translator.open(OPTIONS).translate({words: say('one'), closes: true});
		const closing = translator.close();
		go();
		expect(textOf((await turn).words)).toBe(' one');
		await closing;
	});
});
