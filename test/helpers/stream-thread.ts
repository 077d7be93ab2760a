import type {StreamArchiveOptions} from '../../src/history/record/stream-archive.js';
import {StreamRows, type StreamChange} from '../../src/history/record/stream-rows.js';
import {openDatabase} from '../../src/history/store/open-database.js';

/** The writer of an archive of streams in this thread, which can be killed: then nobody is answered any more. */
export function createStreamThread(): {
	readonly openThread: NonNullable<StreamArchiveOptions['openThread']>;
	kill(): void;
} {
	let rows: StreamRows | undefined;
	let isDead = false;
	const answer = async (method: string, argument: unknown, data: {path: string; busyTimeoutMs: number}) => {
		switch (method) {
			case 'open':
				rows = new StreamRows(await openDatabase({path: data.path, survivesPowerCut: false}), 0);
				rows.prune(argument as number);
				return undefined;
			case 'write':
				rows!.write(argument as readonly StreamChange[]);
				return undefined;
			case 'find':
				return rows!.find(argument as string);
			default:
				rows?.close();
				return undefined;
		}
	};
	const never = new Promise<never>(() => undefined);
	return {
		openThread: data => ({
			call: (method, argument) =>
				isDead
					? never
					: answer(method, structuredClone(argument), data).then(value => (isDead ? never : value)),
			close: () => Promise.resolve(),
		}),
		kill() {
			isDead = true;
			rows?.close();
		},
	};
}
