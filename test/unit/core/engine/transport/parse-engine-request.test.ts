import {describe, expect, it} from 'vitest';

import {parseEngineRequest} from '../../../../../src/core/engine/transport/parse-engine-request.js';
import {catchError} from '../../../../helpers/catch-error.js';

const options = {sourceLanguage: 'auto', targets: ['same']};
const checkpoint = {firstSample: 16, commands: 1, state: {any: 'thing'}};

const glossary = [{source: 'bank', target: 'Ufer'}];

describe('parseEngineRequest()', () => {
	it.each([
		[{type: 'open', session: 0, id: undefined, options, checkpoint: undefined}],
		[{type: 'open', session: 0, id: 'a', options: {...options, words: true, prompt: ''}, checkpoint}],
		[{type: 'audio', session: 0, samples: new Float32Array(2)}],
		[{type: 'open', session: 0, id: 'a', options: {...options, glossary}, checkpoint}],
		[{type: 'change', session: 0, change: {latencyMultiplier: 2}}],
		[{type: 'change', session: 0, change: {glossary}}],
		[{type: 'read', session: 0, updates: 1}],
		[{type: 'statistics', call: 3}],
		[{type: 'configure', call: 3, settings: {}}],
	])('admits %j', message => {
		expect(parseEngineRequest(message)).toBe(message);
	});

	it.each([
		[undefined, 'A peer sent what is no request'],
		[[], 'A peer sent what is no request'],
		[{type: 'constructor'}, 'A peer sent what is no request'],
		[{type: 'update', session: 0}, 'A peer sent what is no request'],
		[{type: 'flush', session: -1}, 'A peer sent a request "flush" with a wrong session'],
		[{type: 'flush', session: '0'}, 'A peer sent a request "flush" with a wrong session'],
		[{type: 'audio', session: 0, samples: [1]}, 'A peer sent a request "audio" with a wrong samples'],
		[
			{type: 'open', session: 0, options: {...options, targets: 'de'}},
			'A peer sent a request "open" with a wrong options',
		],
		[
			{type: 'open', session: 0, options, checkpoint: {firstSample: -1, commands: 0}},
			'A peer sent a request "open" with a wrong checkpoint',
		],
		[
			{type: 'open', session: 0, options: {...options, glossary: [{source: 'bank'}]}},
			'A peer sent a request "open" with a wrong options',
		],
		[
			{type: 'change', session: 0, change: {glossary: 'bank'}},
			'A peer sent a request "change" with a wrong change',
		],
		[
			{type: 'change', session: 0, change: {latencyMultiplier: '2'}},
			'A peer sent a request "change" with a wrong change',
		],
		[{type: 'configure', call: 1, settings: null}, 'A peer sent a request "configure" with a wrong settings'],
	])('refuses %j', (message, sentence) => {
		expect(catchError(() => parseEngineRequest(message))).toMatchObject({
			code: 'PEER_REFUSED',
			message: sentence,
		});
	});

	it('refuses a glossary that is longer than any', () => {
		const change = {glossary: Array.from({length: 10_001}, () => glossary[0])};
		expect(catchError(() => parseEngineRequest({type: 'change', session: 0, change}))).toMatchObject({
			code: 'PEER_REFUSED',
		});
	});
});
