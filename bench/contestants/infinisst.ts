import {fileURLToPath} from 'node:url';
import type {Contestant} from './contestant.js';

const BIN = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));

export interface InfinisstOptions {
	/** The program's own default when left out. */
	readonly precision?: string;
	readonly threads: number;
}

/** This project's command line as a user types it; it detects each clip's language itself. */
export function createInfinisst({precision, threads}: InfinisstOptions): Contestant {
	return {
		name: 'infinisst',
		description: `infinisst translate, ${precision ?? 'default'} precision, greedy`,
		command: (clips, task) => ({
			program: process.execPath,
			args: [
				BIN,
				'translate',
				...['--to', task === 'translate' ? 'en' : 'same', '--json', '--quiet', '--threads', String(threads)],
				...(precision === undefined ? [] : ['--precision', precision]),
				...clips.map(({path}) => path),
			],
		}),
		readLine: line => {
			const event = JSON.parse(line) as {type: string; file?: string; segment?: {text: string}};
			// Said when the model is there and the recording is open.
			if (event.type === 'file-started') return {type: 'model-loaded'};
			if (event.type !== 'segment-final') return undefined;
			// A space where segments meet: it is none of the characters that error rates count.
			return {type: 'text', file: event.file ?? '', text: `${event.segment?.text ?? ''} `};
		},
	};
}
