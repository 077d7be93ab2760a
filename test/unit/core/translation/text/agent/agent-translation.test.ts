import {describe, expect, it} from 'vitest';
import {createScriptedLanguageModel} from '../../../../../../src/core/models/decoder-lm/testing/scripted-language-model.js';
import {openAgentTranslator} from '../../../../../../src/core/translation/text/agent/open-agent-translator.js';
import {createRandom} from '../../../../../../src/core/util/random.js';
import type {
	SourceTurn,
	SourceWord,
	TextTranslation,
	TextTranslationOptions,
} from '../../../../../../src/core/translation/text/text-translator.js';

const TEMPLATE =
	'{% for message in messages %}<{{message.role}}>{{message.content}}<close>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';

interface Run {
	readonly translate?: (word: string) => string | undefined;
	readonly maxCacheTokens?: number;
	readonly chatTemplate?: string | undefined;
	readonly glossary?: TextTranslationOptions['glossary'];
	readonly latencyMultiplier?: TextTranslationOptions['latencyMultiplier'];
	readonly target?: string;
	readonly onStep?: (tokens: readonly number[], contextLength: number) => void;
	readonly onTerm?: (isKept: boolean) => void;
	/** Told all that the context holds, before each token. */
	readonly onContext?: (tokens: readonly string[]) => void;
	readonly certainty?: number;
}

/** Answers word by word: what the words between the last two steering tokens become. */
function openTranslation(run: Run = {}, state?: unknown): TextTranslation {
	const {translate = word => `${word}'`, target = 'de', latencyMultiplier = 2, glossary = []} = run;
	const chatTemplate = 'chatTemplate' in run ? run.chatTemplate : TEMPLATE;
	const isBase = chatTemplate === undefined;
	const isMiddle = (token: string, index: number, tokens: readonly string[]): boolean =>
		isBase ? token === 'German:' && tokens[index - 1] === '\n' : token === '<assistant>';
	const model = createScriptedLanguageModel({
		...(chatTemplate !== undefined && {chatTemplate}),
		...(run.onStep !== undefined && {onStep: run.onStep}),
		...(run.certainty !== undefined && {certainty: run.certainty}),
		next: written => {
			run.onContext?.(written);
			const middle = written.findLastIndex(isMiddle);
			const begin = written
				.slice(0, middle)
				.findLastIndex(token => token === (isBase ? 'English:' : '<user>'));
			const source = written.slice(begin + 1, middle).filter(token => !/^<|^\s*$/.test(token));
			const word = source[written.length - middle - 1];
			if (word === undefined) return isBase ? '\n' : undefined;
			return ` ${translate(word.trim()) ?? ''}`;
		},
	});
	const translator = openAgentTranslator({
		model,
		name: 'scripted',
		languages: ['en', 'de', 'zh', 'th'],
		...(run.maxCacheTokens !== undefined && {maxCacheTokens: run.maxCacheTokens}),
		...(run.onTerm !== undefined && {onTerm: run.onTerm}),
	});
	return translator.open({sourceLanguage: 'en', target, latencyMultiplier, glossary}, state);
}

let saidMs = 0;

/** A word a second, from where the last turn ended. */
function turn(text: string, closes = false): SourceTurn {
	const words = text.split(' ').filter(word => word !== '');
	return {
		closes,
		words: words.map((word): SourceWord => ({
			text: ` ${word}`,
			startMs: saidMs++ * 1000,
			endMs: saidMs * 1000,
		})),
	};
}

async function textOf(translation: TextTranslation, turns: readonly SourceTurn[]): Promise<string> {
	let text = '';
	for (const each of turns) {
		const {words} = await translation.translate(each);
		text += words.map(word => word.text).join('');
	}
	return text;
}

describe('the agent', () => {
	it.each([
		['a model with a template', TEMPLATE],
		['a base model', undefined],
	])('translates what was said turn by turn with %s', async (_, chatTemplate) => {
		const translation = openTranslation({chatTemplate});
		const turns = [turn('so here we are,'), turn('my friends and'), turn('neighbours.'), turn('', true)];
		expect(await textOf(translation, turns)).toBe(" so' here' we' are,' my' friends' and' neighbours.'");
	});

	it('waits for the end of a clause, but not for longer than the multiplier says', async () => {
		const translation = openTranslation({latencyMultiplier: 1});
		expect((await translation.translate(turn('and so my'))).words).toEqual([]);
		expect((await translation.translate(turn('fellow'))).words).toEqual([]);
		expect(await textOf(translation, [turn('Americans')])).toBe(" and' so' my' fellow' Americans'");
	});

	it('gives words the audio that they were said in, never going back', async () => {
		saidMs = 0;
		const translation = openTranslation();
		const {words} = await translation.translate(turn('one two three four.', true));
		expect(words.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
			[0, 1000],
			[1000, 2000],
			[2000, 3000],
			[3000, 4000],
		]);
	});

	it('writes ten tokens a turn for each step of the multiplier, and the rest in the next', async () => {
		const said = Array.from({length: 34}, (_, index) => `w${index}`).join(' ');
		let steps = 0;
		const translation = openTranslation({latencyMultiplier: 1, onStep: () => steps++});
		const counts: number[] = [];
		let text = '';
		for (const each of [turn(said), turn(''), turn(''), turn(''), turn('', true)]) {
			steps = 0;
			const {words, tail} = await translation.translate(each);
			text += words.map(word => word.text).join('');
			counts.push(steps);
			if (each.closes) expect(tail).toBe('');
		}
		expect(Math.max(...counts)).toBeLessThanOrEqual(11);
		expect(text.split(' ').length - 1).toBe(34);
	});

	it('keeps its cache within bounds and the instruction in it, however long somebody speaks', async () => {
		const lengths: number[] = [];
		const reads: number[] = [];
		let first = '';
		const translation = openTranslation({
			maxCacheTokens: 150,
			onStep: (tokens, length) => {
				reads.push(tokens.length);
				lengths.push(length);
			},
		});
		for (let index = 0; index < 500; index++) {
			const {words} = await translation.translate(turn(`word${index % 97} comes again now.`));
			first ||= words.map(word => word.text).join('');
			expect(words).toHaveLength(4);
		}
		const head = reads[0]!;
		expect(head).toBeGreaterThan(20);
		// A turn is four words, their four translations and four marks.
		expect(Math.max(...lengths)).toBeLessThanOrEqual(150 + 12);
		expect(Math.min(...lengths.slice(1))).toBe(head);
		// Nothing is read twice.
		expect(Math.max(...reads.slice(1))).toBeLessThanOrEqual(9);
	});

	it('writes the same with and without a window that is not yet full', async () => {
		const said = Array.from({length: 20}, (_, index) => `the word number ${index} is this.`);
		saidMs = 0;
		const wide = await textOf(
			openTranslation({maxCacheTokens: 100_000}),
			said.map(each => turn(each)),
		);
		saidMs = 0;
		const narrow = await textOf(
			openTranslation({maxCacheTokens: 1000}),
			said.map(each => turn(each)),
		);
		expect(narrow).toBe(wide);
	});

	it('goes on from a checkpoint as if nothing had happened', async () => {
		const said = ['it is not', 'what you can', 'do, my friend, for', 'that is what', 'we said. And', 'more'];
		saidMs = 0;
		const turns = said.map(each => turn(each));
		const whole = await textOf(openTranslation(), [...turns, turn('', true)]);
		for (let cut = 0; cut < turns.length; cut++) {
			const before = openTranslation();
			const text = await textOf(before, turns.slice(0, cut));
			const state = structuredClone(before.checkpoint());
			before.close();
			const after = openTranslation({}, state);
			expect(text + (await textOf(after, [...turns.slice(cut), turn('', true)])), `cut ${cut}`).toBe(whole);
		}
	});

	it('keeps its cache within bounds when much waits, and is as it was when that is given up', async () => {
		saidMs = 0;
		const text = Array.from({length: 500}, (_, index) => `word${index}`).join(' ');
		const first = turn('so it begins.');
		const much = turn(text, true);
		const lengths: number[] = [];
		const contexts: string[] = [];
		const onContext = (tokens: readonly string[]): void => void contexts.push(tokens.join(''));
		let steps = 0;
		let endsAt = 300;
		const run: Run = {
			maxCacheTokens: 150,
			onContext,
			onStep: (_tokens, length) => {
				lengths.push(length);
				if (++steps === endsAt) throw new Error('enough');
			},
		};
		const translation = openTranslation(run);
		await translation.translate(first);
		await expect(translation.translate(much)).rejects.toThrow('enough');
		endsAt = Infinity;
		contexts.length = 0;
		const {words} = await translation.translate(much);
		expect(words.map(word => word.text).join('')).toBe(` ${text.replaceAll(/word\d+/g, "$&'")}`);
		// A turn is forty words, their translations and four marks.
		expect(Math.max(...lengths)).toBeLessThanOrEqual(150 + 84);
		const read = contexts.splice(0);
		const again = openTranslation({maxCacheTokens: 150, onContext});
		await again.translate(first);
		contexts.length = 0;
		expect((await again.translate(much)).words).toEqual(words);
		expect(read.slice(-contexts.length)).toEqual(contexts);
	});

	it('goes on from a checkpoint with exactly the turns that are still in its cache, after others have left it', async () => {
		saidMs = 0;
		const turns = Array.from({length: 40}, (_, index) => turn(`word${index} comes again, now and`));
		const lengths: number[] = [];
		const run: Run = {maxCacheTokens: 150, onStep: (_tokens, length) => lengths.push(length)};
		const whole = openTranslation(run);
		const texts: string[] = [];
		const ends: number[] = [];
		const states: unknown[] = [];
		for (const each of turns) {
			states.push(structuredClone(whole.checkpoint()));
			texts.push(await textOf(whole, [each]));
			ends.push(lengths.at(-1)!);
		}
		for (const cut of [10, 25, 38]) {
			lengths.length = 0;
			const restored = openTranslation(run, states[cut]);
			expect(await textOf(restored, [turns[cut]!])).toBe(texts[cut]);
			expect(lengths.at(-1)).toBe(ends[cut]);
			expect(await textOf(restored, turns.slice(cut + 1))).toBe(texts.slice(cut + 1).join(''));
			expect(lengths.at(-1)).toBe(ends.at(-1));
		}
	});

	it('is as it was before a turn that was given up, wherever that happened', async () => {
		const said = ['one two three,', 'four five six seven,', 'eight nine ten.'];
		saidMs = 0;
		const turns = said.map(each => turn(each));
		const whole = await textOf(openTranslation(), turns);
		for (let at = 0; at < 16; at++) {
			let step = 0;
			const controller = new AbortController();
			const translation = openTranslation({
				onStep: () => {
					if (step++ === at) controller.abort(new Error('enough'));
					controller.signal.throwIfAborted();
				},
			});
			let text = '';
			let done = 0;
			for (const each of turns) {
				const {signal} = controller;
				const first =
					step > at ? undefined : await translation.translate(each, signal).catch(() => undefined);
				text += first === undefined ? '' : first.words.map(word => word.text).join('');
				if (first !== undefined) {
					done++;
					continue;
				}
				await expect(translation.translate(each, signal)).rejects.toBe(signal.reason);
				break;
			}
			const rest = openTranslation({}, structuredClone(translation.checkpoint()));
			expect(text + (await textOf(rest, turns.slice(done))), `step ${at}`).toBe(whole);
		}
	});

	it('stops a model that says the same again and again', async () => {
		const translation = openTranslation({translate: () => 'la'});
		const {words} = await translation.translate(turn('a b c d e f g h i j k l.', true));
		// Five in a row are one 5-gram, which must not come again.
		expect(words.filter(({text}) => text === ' la').length).toBeLessThanOrEqual(6);
	});

	it('writes no letters of other scripts', async () => {
		const translate = (word: string): string => (word === 'two' ? '二二' : word);
		// What the vocabulary holds is known when a translation is opened.
		await openTranslation({translate, target: 'zh'}).translate(turn('one two three.', true));
		const translation = openTranslation({translate});
		const text = await textOf(translation, [turn('one two three.', true)]);
		expect(text).not.toContain('二');
	});

	it('puts no space before a mark that closes, though the model wrote one', async () => {
		const translation = openTranslation({
			translate: word => (word === 'stop' ? '.' : word === 'why' ? '?' : word),
		});
		const {words} = await translation.translate(turn('here stop there why (so) 3', true));
		expect(words.map(({text}) => text)).toEqual([' here', '.', ' there', '?', ' (so)', ' 3']);
	});

	it('joins Chinese without spaces', async () => {
		const translation = openTranslation({target: 'zh', translate: () => '好'});
		const {words} = await translation.translate(turn('good.', true));
		expect(words.map(({text}) => text)).toEqual(['好']);
	});

	it('keeps the spaces within Chinese, of names for example, and none between two answers', async () => {
		const translation = openTranslation({
			target: 'zh',
			translate: word => (word === 'york.' ? 'York。' : word === 'new' ? 'New' : '好'),
		});
		const {words} = await translation.translate(turn('good new york. good.', true));
		expect(words.map(({text}) => text)).toEqual(['好', ' New', ' York', '。', '好']);
	});

	it('tells Thai in characters with their marks', async () => {
		const translation = openTranslation({target: 'th', translate: () => 'นี้ที่'});
		const {words} = await translation.translate(turn('here.', true));
		expect(words.map(({text}) => text)).toEqual([' นี้', 'ที่']);
	});

	it('finds terms as whole words of what was said', async () => {
		const kept: boolean[] = [];
		const translation = openTranslation({
			glossary: [{source: 'AI', target: 'KI'}],
			translate: word => (word === 'AI' ? undefined : word),
			onTerm: isKept => kept.push(isKept),
		});
		expect(await textOf(translation, [turn('she said again.', true)])).toBe(' she said again.');
		expect(kept).toEqual([]);
		expect(await textOf(translation, [turn('by AI here.', true)])).toContain(' KI');
		expect(kept).toEqual([true]);
	});

	it('keeps to a glossary that changes while somebody speaks, and counts how often', async () => {
		const kept: boolean[] = [];
		const translation = openTranslation({
			glossary: [{source: 'cat', target: 'Kater'}],
			translate: word => (word === 'cat' || word === 'dog' ? undefined : word),
			onTerm: isKept => kept.push(isKept),
		});
		expect(await textOf(translation, [turn('the cat sat.', true)])).toContain('Kater');
		translation.change({glossary: [{source: 'dog', target: 'Rüde'}]});
		const text = await textOf(translation, [turn('the cat and the dog.', true)]);
		expect(text).toContain('Rüde');
		expect(text).not.toContain('Kater');
		expect(kept).toEqual([true, true]);
	});

	it('puts in a term that the model passed over where it was said, and loses nothing of what follows', async () => {
		const kept: boolean[] = [];
		const reads: (readonly [count: number, contextLength: number])[] = [];
		const translation = openTranslation({
			glossary: [
				{source: 'heat pump', target: 'große Wärmepumpe'},
				{source: 'cellar', target: 'Keller'},
			],
			translate: word => word,
			// No bias is enough.
			certainty: 50,
			onTerm: isKept => kept.push(isKept),
			onStep: (tokens, contextLength) => reads.push([tokens.length, contextLength]),
		});
		// It is as near at each place. Behind it the model has but two words to say, where it had three before.
		expect(await textOf(translation, [turn('we put a heat pump there.', true)])).toBe(
			' we put a große Wärmepumpe heat pump there.',
		);
		// Both tokens of the term are read right behind the three words that stay.
		const [, , [, first]] = reads as [unknown, unknown, readonly [number, number]];
		expect(reads.find(([count], place) => place > 1 && count === 2)).toEqual([2, first + 3]);
		// The dialogue goes on as if nothing had happened.
		expect(await textOf(translation, [turn('it is in the cellar.', true)])).toBe(
			' it is in the cellar. Keller',
		);
		expect(kept).toEqual([true, true]);
	});

	it('never goes back in time, nor beyond what was said, whatever is said and put in', async () => {
		for (let seed = 1; seed <= 30; seed++) {
			const random = createRandom(seed);
			const pick = (count: number): number => Math.floor(random() * count);
			saidMs = 0;
			const translation = openTranslation({
				glossary: [{source: 'w3', target: 'drei Worte'}],
				certainty: pick(2) === 0 ? 3 : 50,
				latencyMultiplier: ([1, 2, 3, 4] as const)[pick(4)]!,
				translate: word => `${word}'`.repeat(pick(2) + 1),
			});
			let last = {startMs: 0, endMs: 0};
			for (let count = 0; count < 12; count++) {
				const said = Array.from({length: pick(8)}, () => `w${pick(6)}${pick(3) === 0 ? ',' : ''}`).join(' ');
				for (const {startMs, endMs} of (await translation.translate(turn(said, pick(4) === 0))).words) {
					expect(startMs, `seed ${seed}`).toBeGreaterThanOrEqual(last.startMs);
					expect(endMs).toBeGreaterThanOrEqual(Math.max(startMs, last.endMs));
					expect(endMs).toBeLessThanOrEqual(saidMs * 1000);
					last = {startMs, endMs};
				}
			}
		}
	});

	it('goes on from a checkpoint behind a term that was put in', async () => {
		const glossary = [{source: 'cat', target: 'Kater'}];
		const options = {
			glossary,
			certainty: 50,
			translate: (word: string) => word,
			latencyMultiplier: 1,
		} as const;
		const said = ['the cat sat on a', 'mat, and the other cat', 'saw all of it', 'that day.'];
		saidMs = 0;
		const turns = said.map(each => turn(each));
		const whole = await textOf(openTranslation(options), [...turns, turn('', true)]);
		expect(whole.match(/Kater/g)).toHaveLength(2);
		for (let cut = 1; cut < turns.length; cut++) {
			const before = openTranslation(options);
			const text = await textOf(before, turns.slice(0, cut));
			const after = openTranslation(options, structuredClone(before.checkpoint()));
			expect(text + (await textOf(after, [...turns.slice(cut), turn('', true)])), `cut ${cut}`).toBe(whole);
		}
	});

	it('waits for the rest of a term that was only begun', async () => {
		const kept: boolean[] = [];
		const translation = openTranslation({
			latencyMultiplier: 1,
			glossary: [{source: 'town hall', target: 'Bürgerhaus'}],
			translate: word => (word === 'town' ? 'Bürgerhaus' : word === 'hall' ? '' : word),
			onTerm: isKept => kept.push(isKept),
		});
		const first = await translation.translate(turn('welcome to our new town'));
		expect(first.words.map(({text}) => text).join('')).not.toContain('Bürgerhaus');
		expect(await textOf(translation, [turn('hall, my friends.', true)])).toContain('Bürgerhaus');
		expect(kept).toEqual([true]);
	});

	it('refuses pairs that the model does not know', () => {
		expect(() => openTranslation({target: 'fr'})).toThrow(/does not translate en into fr/);
	});
});
