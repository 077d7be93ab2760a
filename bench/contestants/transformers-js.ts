import {fileURLToPath} from 'node:url';
import {PEER_HOME} from '../peers/peer-home.js';
import type {Contestant} from './contestant.js';
import {readPeerLine} from './peer-event.js';

const SCRIPT = fileURLToPath(new URL('../peers/transformers-js-peer.js', import.meta.url));

/**
 * transformers.js with 8-bit weights. It cannot detect the language or decode files in Node: it is told the one and
 * given samples for the other, which both are in its favour.
 */
export function createTransformersJs({threads}: {readonly threads: number}): Contestant {
	return {
		name: 'transformers-js',
		description:
			'@huggingface/transformers 4.3.1, q8, chunks of 30 s with timestamps; told the language, given decoded samples',
		command: (clips, task) => ({
			program: process.execPath,
			args: [
				SCRIPT,
				...['--library', PEER_HOME.transformersJs, '--model', PEER_HOME.onnxModel],
				...['--samples', PEER_HOME.samples, '--threads', String(threads), '--task', task],
				...['--languages', clips.map(({language}) => language).join(',')],
				...clips.map(({path}) => path),
			],
		}),
		readLine: readPeerLine,
	};
}
