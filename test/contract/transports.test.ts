import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';
import {openChildReplica} from '../../src/core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../src/core/engine/transport/thread-replica.js';
import {openPortPair, openServedEngine, openTcpPair, openUnixPair} from '../helpers/remote-pair.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {scriptedReplica} from '../helpers/scripted-replica.js';
import {testEngine} from './engine.js';

const subject = {
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'auto', targets: ['same', 'de']},
	maxWaitingMs: 15_000,
};
/** A process hands audio on to a thread: two windows of what is under way. */
const processSubject = {...subject, maxWaitingMs: 18_000};

testEngine({
	...subject,
	name: 'over a message port',
	open: async () => openServedEngine(openPortPair(), createScriptedEngine()),
});
testEngine({
	...subject,
	name: 'over a unix socket',
	open: async () => openServedEngine(await openUnixPair(), createScriptedEngine()),
});
testEngine({
	...subject,
	name: 'over TCP',
	open: async () => openServedEngine(await openTcpPair(), createScriptedEngine()),
});
testEngine({...subject, name: 'in a thread', open: () => openThreadReplica(scriptedReplica())});
testEngine({...processSubject, name: 'in a process', open: () => openChildReplica(scriptedReplica())});
testEngine({
	...processSubject,
	name: 'in a process, slow',
	open: () => openChildReplica(scriptedReplica({openCostMs: 20, stepCostMs: 1})),
	opensSlowly: true,
});
