import {describe, expect, it} from 'vitest';

import {LANGUAGES} from '../../../../src/core/language/language-table.js';
import {
	resolveSpeechTask,
	type SpeechModelAbilities,
} from '../../../../src/core/language/resolve-speech-task.js';
import {catchError} from '../../../helpers/catch-error.js';

const base: SpeechModelAbilities = {
	name: 'whisper-base',
	languages: LANGUAGES.map(({code}) => code).filter(code => code !== 'yue'),
	tasks: ['transcribe', 'translate'],
};
const turbo: SpeechModelAbilities = {...base, name: 'whisper-large-v3-turbo', tasks: ['transcribe']};
const english: SpeechModelAbilities = {name: 'whisper-base.en', languages: ['en'], tasks: ['transcribe']};

describe('resolveSpeechTask', () => {
	it.each([
		['auto', 'en', base, {sourceLanguage: 'auto', targetLanguage: 'en', task: 'translate'}],
		['auto', 'same', base, {sourceLanguage: 'auto', targetLanguage: 'same', task: 'transcribe'}],
		['de', 'en', base, {sourceLanguage: 'de', targetLanguage: 'en', task: 'translate'}],
		['de', 'same', base, {sourceLanguage: 'de', targetLanguage: 'same', task: 'transcribe'}],
		['de', 'de', base, {sourceLanguage: 'de', targetLanguage: 'same', task: 'transcribe'}],
		['en', 'en', base, {sourceLanguage: 'en', targetLanguage: 'same', task: 'transcribe'}],
		['de', 'same', turbo, {sourceLanguage: 'de', targetLanguage: 'same', task: 'transcribe'}],
		['auto', 'same', english, {sourceLanguage: 'en', targetLanguage: 'same', task: 'transcribe'}],
		['auto', 'en', english, {sourceLanguage: 'en', targetLanguage: 'same', task: 'transcribe'}],
	] as const)('does %s -> %s with %o', (source, target, model, task) => {
		expect(resolveSpeechTask({source, target}, model)).toEqual(task);
	});

	it.each([
		[
			'en',
			'de',
			base,
			'whisper-base cannot translate English into German',
			/^For English captions use the target "same"; no model of texts is known that writes German/,
		],
		[
			'de',
			'fr',
			base,
			'whisper-base cannot translate German into French',
			/captions use the target "same"; for English use the target "en"/,
		],
		['auto', 'de', base, 'whisper-base cannot translate into German', /name it as the source/],
		[
			'yue',
			'en',
			base,
			'whisper-base does not understand Cantonese',
			/whisper-large-v3 understands Cantonese/,
		],
		[
			'de',
			'en',
			turbo,
			'whisper-large-v3-turbo writes captions but does not translate',
			/such as whisper-base/,
		],
		[
			'de',
			'same',
			english,
			'whisper-base.en does not understand German',
			/^It understands English; whisper-base/,
		],
	] as const)('refuses %s -> %s with %o, naming what would do it', (source, target, model, message, hint) => {
		expect(catchError(() => resolveSpeechTask({source, target}, model))).toMatchObject({
			code: 'LANGUAGE_PAIR_UNSUPPORTED',
			message,
			hint: expect.stringMatching(hint) as string,
		});
	});
});
