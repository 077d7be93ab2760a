import {chainEngine} from '../../src/core/engine/chain/chain-engine.js';
import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';
import {createScriptedTextTranslator} from '../../src/core/translation/text/testing/scripted-text-translator.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {testEngine} from './engine.js';

testEngine({
	name: 'a chain of scripted models',
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'en', targets: ['same', 'it', 'fr']},
	maxWaitingMs: 12_000,
	open: () =>
		Promise.resolve(
			chainEngine({
				id: 'chain',
				speech: createScriptedEngine(),
				translators: [createScriptedTextTranslator({pairs: {en: ['it', 'fr']}})],
			}),
		),
});

testEngine({
	name: 'a chain that goes through English',
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'auto', targets: ['it']},
	maxWaitingMs: 12_000,
	open: () =>
		Promise.resolve(
			chainEngine({
				id: 'chain',
				speech: createScriptedEngine(),
				translators: [createScriptedTextTranslator({pairs: {en: ['it']}})],
			}),
		),
});
