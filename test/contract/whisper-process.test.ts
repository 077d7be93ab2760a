import {beforeAll} from 'vitest';

import {openChildReplica} from '../../src/core/engine/transport/child-replica.js';
import {whisperReplicaModule} from '../../src/core/engine/whisper-replica-module.js';
import {readClip} from '../helpers/read-clip.js';
import {hasShared} from '../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../helpers/whisper-base.js';
import {testEngine} from './engine.js';

const audio = hasShared ? await readClip('audio/dev/en_jfk.flac') : new Float32Array();

describeWithWhisperBase('whisper-base', () => {
	let graphsDirectory: string;

	beforeAll(async () => {
		graphsDirectory = await ensureWhisperBase('int8');
	}, 300_000);

	testEngine({
		name: 'a replica of whisper-base in a process',
		open: () => openChildReplica(whisperReplicaModule({graphsDirectory, id: 'replica'})),
		audio,
		options: {sourceLanguage: 'auto', targets: ['same']},
		maxWaitingMs: 20_000,
	});
});
