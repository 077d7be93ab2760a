import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {testEngine} from './engine.js';

const subject = {
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'auto', targets: ['same', 'de']},
	maxWaitingMs: 12_000,
};

testEngine({...subject, name: 'scripted', open: () => Promise.resolve(createScriptedEngine())});
testEngine({
	...subject,
	name: 'scripted, slow',
	open: () => Promise.resolve(createScriptedEngine({openCostMs: 2, stepCostMs: 1})),
	opensSlowly: true,
});
