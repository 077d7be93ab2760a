import {afterAll, beforeAll, expect, it} from 'vitest';
import {chainEngine} from '../../../src/core/engine/chain/chain-engine.js';
import type {Engine} from '../../../src/core/engine/engine.js';
import {findBrokenRules} from '../../../src/core/engine/testing/event-rules.js';
import {openWhisperReplica} from '../../../src/core/engine/whisper-replica.js';
import {corpusChrf} from '../../../src/core/scoring/chrf.js';
import type {SessionEvent} from '../../../src/core/session/session-event.js';
import type {FileTranslator} from '../../../src/core/translation/file-translator.js';
import {openTextTranslator} from '../../../src/core/translation/text/open-text-translator.js';
import {createOracleTranslator} from '../../../src/core/translation/text/testing/oracle-translator.js';
import type {TextTranslator} from '../../../src/core/translation/text/text-translator.js';
import {translateCaptions} from '../../../src/core/translation/text/translate-captions.js';
import {openWhisperFileTranslator} from '../../../src/core/translation/whisper-file-translator.js';
import {runSession} from '../../contract/run-session.js';
import {describeWithGemma, ensureGemma} from '../../helpers/gemma.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared} from '../../helpers/shared.js';
import {CAPTIONS, collectTranslation, openShared} from '../../helpers/translate-file.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

/** What Kennedy said, in the languages that Whisper does not write. */
const TRANSLATIONS: Readonly<Record<string, string>> = {
	de: 'Und deshalb, meine amerikanischen Mitbürger: Fragt nicht, was euer Land für euch tun kann – fragt, was ihr für euer Land tun könnt.',
	es: 'Así pues, compatriotas estadounidenses: no preguntéis qué puede hacer vuestro país por vosotros; preguntad qué podéis hacer vosotros por vuestro país.',
	it: 'E dunque, miei concittadini americani, non chiedete cosa il vostro Paese può fare per voi; chiedete cosa potete fare voi per il vostro Paese.',
	zh: '所以，我的美国同胞们，不要问你们的国家能为你们做什么，要问你们能为你们的国家做什么。',
};
const TARGETS = Object.keys(TRANSLATIONS);
const CLIP = 'audio/dev/en_jfk.flac';
const LAST_WORD_MS = 9500;

function createOracle(): TextTranslator {
	return createOracleTranslator({sourceLanguage: 'en', translations: TRANSLATIONS, lastWordMs: LAST_WORD_MS});
}

function finalsOf(
	events: readonly SessionEvent[],
	target: string,
): Extract<SessionEvent, {type: 'text-final'}>[] {
	return events.flatMap(event => (event.type === 'text-final' && event.target === target ? [event] : []));
}

function textOf(events: readonly SessionEvent[], target: string): string {
	const texts = finalsOf(events, target).map(({text}) => text);
	return texts.join('').trim();
}

describeWithShared('text translation of real speech', () => {
	describeWithWhisperBase('by whisper-base and', () => {
		let graphsDirectory: string;
		let speech: FileTranslator;

		beforeAll(async () => {
			graphsDirectory = await ensureWhisperBase('int8');
			speech = await openWhisperFileTranslator({graphsDirectory});
		});

		afterAll(() => speech.close());

		async function openChain(translators: readonly TextTranslator[]): Promise<Engine> {
			const replica = await openWhisperReplica({graphsDirectory, id: 'speech', threads: 2});
			return chainEngine({id: 'chain', speech: replica, translators});
		}

		async function translateFile(
			translator: TextTranslator,
			targets: readonly string[],
		): Promise<Map<string, string>> {
			const captions = speech.translate(await openShared(CLIP), {
				...CAPTIONS,
				sourceLanguage: 'en',
				words: true,
			});
			const wanted = targets.map(target => ({target, translator}));
			const {events} = await collectTranslation(
				translateCaptions(captions, {targets: wanted, sourceLanguage: 'en'}),
			);
			const texts = targets.map(target => {
				const segments = events.flatMap(event =>
					event.type === 'segment-final' && event.target === target ? [event.segment.text] : [],
				);
				return [target, segments.join(target === 'zh' ? '' : ' ')] as const;
			});
			return new Map(texts);
		}

		it('an oracle loses nothing on the way, live or of the whole file, in four languages at once', async () => {
			const audio = await readClip(CLIP);
			const options = {sourceLanguage: 'en', targets: ['same', ...TARGETS], words: true};
			const chain = await openChain([createOracle()]);
			try {
				const updates = await runSession(chain, {audio, options, chunkSamples: 8000});
				const events = updates.flatMap(update => update.events);
				expect(findBrokenRules(events, options)).toEqual([]);
				const wholeFile = await translateFile(createOracle(), TARGETS);
				for (const target of TARGETS) {
					expect(textOf(events, target), `live, ${target}`).toBe(TRANSLATIONS[target]);
					expect(wholeFile.get(target), `whole file, ${target}`).toBe(TRANSLATIONS[target]);
					for (const final of finalsOf(events, target)) expect(final.sourceText).toBeTruthy();
				}
				expect(textOf(events, 'same')).toContain('country can do for you');
			} finally {
				await chain.close();
			}
		});

		describeWithGemma('a small language model', () => {
			it('is nearer to what was meant than what was said is, live and of the whole file', async () => {
				const targets = ['de', 'es'];
				const languages = ['en', ...targets];
				const open = async (): Promise<TextTranslator> =>
					openTextTranslator({
						family: 'decoder-lm',
						graphsDirectory: await ensureGemma('q8'),
						name: 'gemma-3-270m',
						languages,
						targets: languages,
						threads: 2,
					});
				const chain = await openChain([await open()]);
				const fileTranslator = await open();
				try {
					const audio = await readClip(CLIP);
					const options = {sourceLanguage: 'en', targets};
					const updates = await runSession(chain, {audio, options, chunkSamples: 8000});
					const events = updates.flatMap(update => update.events);
					expect(findBrokenRules(events, options)).toEqual([]);
					const wholeFile = await translateFile(fileTranslator, targets);
					const copied =
						'And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';
					const references = targets.map(target => TRANSLATIONS[target]!);
					const score = (texts: readonly string[]): number => corpusChrf(texts, references).score;
					const least = score(targets.map(() => copied)) + 5;
					expect(score(targets.map(target => textOf(events, target)))).toBeGreaterThan(least);
					expect(score(targets.map(target => wholeFile.get(target)!))).toBeGreaterThan(least);
				} finally {
					await chain.close();
					await fileTranslator.close();
				}
			});
		});
	});
});
