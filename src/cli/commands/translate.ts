import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';
import type {RunOutcome} from '../run-outcome.js';
import {addRecordingFlags} from './recording-flags.js';

/** `infinisst translate`: the flags; the work is in `translate/`, loaded when the command runs. */
export function registerTranslate(parent: Command, context: CommandContext, outcome: RunOutcome): void {
	const command = parent
		.command('translate')
		.description('translate recordings or live speech, or write captions of them')
		.argument(
			'[inputs...]',
			'audio or video files, folders, glob patterns, or - for the standard input, which is translated live',
		)
		.option('--mic', 'translate live what the microphone hears')
		.option('--input-device <name>', "microphone for --mic (default: the system's)")
		.option('--list-input-devices', 'print the microphones there are')
		.option('--live', 'translate a file as if it were spoken now')
		.option('--no-live', 'hear all of the standard input as a recording: slower text, a little better')
		.option('--speed <factor>', 'pace of --live files, 0.1 to 100 (default: 1)')
		.option('--latency <multiplier>', 'live: 1 is fastest, 4 is best (default: 2)')
		.option('--subtitles <file>', 'live: also write this .vtt or .srt while it runs')
		.option('--output <path>', 'write to this file, or to files in this folder, instead of printing');
	addRecordingFlags(command).action(async (inputs: string[], flags: unknown) => {
		const {runTranslate} = await import('./translate/run-translate.js');
		outcome.exitCode = await runTranslate(inputs, flags, context);
	});
}
