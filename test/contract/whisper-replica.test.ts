import {beforeAll} from 'vitest';
import {openWhisperReplica} from '../../src/core/engine/whisper-replica.js';
import {readClip} from '../helpers/read-clip.js';
import {hasShared} from '../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../helpers/whisper-base.js';
import {testEngine} from './engine.js';

/** Short, spoken without a pause, and in another language than the one it is translated into. */
const audio = hasShared ? await readClip('audio/dev/es_fleurs06.flac') : new Float32Array();

describeWithWhisperBase('whisper-base', () => {
	let graphsDirectory: string;

	beforeAll(async () => {
		graphsDirectory = await ensureWhisperBase('int8');
	}, 300_000);

	testEngine({
		name: 'a replica of whisper-base',
		open: () => openWhisperReplica({graphsDirectory, id: 'replica'}),
		audio,
		options: {sourceLanguage: 'auto', targets: ['same', 'en']},
		maxWaitingMs: 13_000,
	});
});
