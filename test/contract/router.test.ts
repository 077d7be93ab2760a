import {openRouter, type RouterOptions} from '../../src/core/engine/router/router.js';
import {
	createScriptedEngine,
	type ScriptedEngineOptions,
} from '../../src/core/engine/testing/scripted-engine.js';
import {openChildReplica} from '../../src/core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../src/core/engine/transport/thread-replica.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {scriptedReplica} from '../helpers/scripted-replica.js';
import {testEngine} from './engine.js';

const subject = {
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'auto', targets: ['same', 'de']},
	maxWaitingMs: 12_000,
	// The router's own unread updates come on top of the replica's.
	maxUnreadMs: 360_000,
};

const open = (options: Partial<RouterOptions> = {}, engine: ScriptedEngineOptions = {}) =>
	openRouter({
		replicas: 2,
		startReplica: ({id}) => Promise.resolve(createScriptedEngine({...engine, id})),
		...options,
	});

testEngine({...subject, name: 'a router', open: () => open()});
testEngine({
	...subject,
	name: 'a router over slow replicas',
	open: () => open({}, {openCostMs: 2, stepCostMs: 1}),
	opensSlowly: true,
});
testEngine({
	...subject,
	name: 'a router over a router',
	open: () => open({replicas: 1, startReplica: ({id}) => open({id})}),
	maxUnreadMs: 720_000,
});
testEngine({
	...subject,
	name: 'a router over threads',
	open: () => open({startReplica: ({id, signal}) => openThreadReplica(scriptedReplica({id}), {signal})}),
	maxWaitingMs: 15_000,
});
testEngine({
	...subject,
	name: 'a router over processes',
	open: () => open({startReplica: ({id, signal}) => openChildReplica(scriptedReplica({id}), {signal})}),
	maxWaitingMs: 18_000,
});
