import type {ContestantEvent} from './contestant.js';

/** Reads what the scripts in `bench/peers` print. */
export function readPeerLine(line: string): ContestantEvent | undefined {
	if (!line.startsWith('{')) return undefined;
	const event = JSON.parse(line) as ContestantEvent | {readonly type: 'language-detected'};
	if (event.type === 'language-detected') return undefined;
	if (event.type === 'partial-text') return (event as {text?: string}).text?.trim() ? event : undefined;
	return event;
}
