import {fileURLToPath} from 'node:url';
import {PEER_HOME} from '../peers/peer-home.js';
import type {Contestant} from './contestant.js';
import {readPeerLine} from './peer-event.js';

const SCRIPT = fileURLToPath(new URL('../peers/faster_whisper_peer.py', import.meta.url));

export interface FasterWhisperOptions {
	/** Speech segments decoded eight at a time, found by voice activity, instead of one 30 s window after another. */
	readonly batched: boolean;
	readonly computeType: 'int8' | 'float32';
	readonly threads: number;
}

/** faster-whisper with its defaults but for a beam of 1; it detects each clip's language itself. */
export function createFasterWhisper({batched, computeType, threads}: FasterWhisperOptions): Contestant {
	return {
		name: batched ? 'faster-whisper-batched' : 'faster-whisper',
		description: `faster-whisper 1.2.1, ${batched ? 'BatchedInferencePipeline of 8' : 'sequential'}, ${computeType}, beam 1`,
		command: (clips, task) => ({
			program: PEER_HOME.python,
			args: [
				SCRIPT,
				...['--model', PEER_HOME.ctranslate2Model, '--compute-type', computeType],
				...['--threads', String(threads), '--task', task],
				...(batched ? ['--batched'] : []),
				...clips.map(({path}) => path),
			],
		}),
		readLine: readPeerLine,
	};
}
