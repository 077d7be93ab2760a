import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {createServer, type AddressInfo} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {onTestFinished} from 'vitest';

import type {SessionEvent} from '../../src/core/session/session-event.js';
import {makeWav} from './make-wav.js';
import type {PlayedOrder} from './played-engine.js';
import {openTerminal, type TerminalOptions, type TerminalSession} from './pseudo-terminal.js';
import {temporaryDirectory} from './temporary-directory.js';

export interface LiveTerminal extends TerminalSession {
	/** Makes the engine report something. */
	tell(order: PlayedOrder): void;
}

/** The program as it is called in {@link openLiveTerminal}. */
export const liveProgram = [
	process.execPath,
	'--import',
	import.meta.resolve('tsx'),
	fileURLToPath(new URL('live-program.ts', import.meta.url)),
];

/** A minute of noise translated live in a terminal, by an engine that says what the test tells it. */
export async function openLiveTerminal(
	flags: readonly string[],
	options: TerminalOptions = {},
): Promise<LiveTerminal> {
	const cwd = await temporaryDirectory();
	const samples = Int16Array.from({length: 60 * 16_000}, (_, index) => 8000 * Math.sin(index / 5));
	await writeFile(join(cwd, 'talk.wav'), makeWav({bitsPerSample: 16, data: new Uint8Array(samples.buffer)}));
	const server = createServer();
	onTestFinished(() => void server.close());
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const connected = once(server, 'connection') as Promise<[NodeJS.WritableStream]>;
	const terminal = openTerminal(['translate', 'talk.wav', '--live', ...flags], {
		cwd,
		program: liveProgram,
		...options,
		env: {
			TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
			LIVE_PORT: String((server.address() as AddressInfo).port),
			...options.env,
		},
	});
	const [engine] = await connected;
	return {...terminal, tell: order => void engine.write(`${JSON.stringify(order)}\n`)};
}

/** Writes the events of sessions with one target or more, segment by segment. */
export class Speaker {
	readonly #target: string;
	readonly #language: string;
	#segment = 0;
	#final = '';

	constructor(target = 'en', language = target) {
		this.#target = target;
		this.#language = language;
	}

	final(text: string): SessionEvent {
		this.#final += text;
		return {...this.#place, type: 'text-final', text};
	}

	partial(text: string): SessionEvent {
		return {...this.#place, type: 'text-partial', text};
	}

	/** Ends the segment, with the rest of its text. */
	end(rest?: string): SessionEvent[] {
		const events = rest === undefined ? [] : [this.final(rest)];
		const text = this.#final.trim();
		this.#final = '';
		const ended = {...this.#place, type: 'segment-ended', text, sourceLanguage: 'de'} as const;
		this.#segment++;
		return [...events, ended];
	}

	get #place() {
		return {
			target: this.#target,
			language: this.#language,
			segment: this.#segment,
			startMs: 0,
			endMs: 0,
			audioMs: 0,
		};
	}
}
