import {LATENCY_MULTIPLIERS, type LatencyMultiplier} from '../../../core/engine/engine.js';

export type Command =
	{readonly type: 'end-of-file'} | {readonly type: 'latency'; readonly multiplier: LatencyMultiplier};

/** @returns or else what is wrong with the text frame, and what to do. */
export function parseCommand(text: string): Command | string {
	const command = text.trim();
	if (command === 'EOF') return {type: 'end-of-file'};
	const latency = /^LATENCY:\s*(\S*)$/.exec(command);
	if (latency === null) {
		return 'The text is no command. Send EOF, LATENCY:1 to LATENCY:4, or audio in binary frames.';
	}
	const multiplier = parseMultiplier(latency[1]!);
	return multiplier === undefined
		? 'The latency must be a whole number from 1 to 4, such as LATENCY:2.'
		: {type: 'latency', multiplier};
}

function parseMultiplier(text: string): LatencyMultiplier | undefined {
	return LATENCY_MULTIPLIERS.find(multiplier => String(multiplier) === text);
}
