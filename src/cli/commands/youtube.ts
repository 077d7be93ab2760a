import type {Command} from 'commander';

import {collect} from '../collect-flag.js';
import type {CommandContext} from '../command-context.js';
import type {RunOutcome} from '../run-outcome.js';
import {addRecordingFlags} from './recording-flags.js';

/** `infinisst youtube`: the flags; the work is in `youtube/`, loaded when the command runs. */
export function registerYoutube(parent: Command, context: CommandContext, outcome: RunOutcome): void {
	const command = parent
		.command('youtube')
		.description('fetch a video of YouTube or another site, and translate it')
		.argument('<url>', 'address of the video, as the browser shows it')
		.option(
			'--output <file>',
			'keep the video here (.mp4), or its sound (.m4a, .mp3), or with --translate the text (.srt); may be given twice',
			collect,
		)
		.option('--translate', 'translate what is said, with the flags below');
	addRecordingFlags(command).action(async (url: string, flags: unknown) => {
		const {runYoutube} = await import('./youtube/run-youtube.js');
		outcome.exitCode = await runYoutube(url, flags, context);
	});
}
