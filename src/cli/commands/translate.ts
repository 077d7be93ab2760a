import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';
import type {RunOutcome} from '../run-outcome.js';

/** `infinisst translate`: the flags; the work is in `translate/`, loaded when the command runs. */
export function registerTranslate(parent: Command, context: CommandContext, outcome: RunOutcome): void {
	parent
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
		.option('--from <language>', 'language spoken: a code, a name, or auto to detect it (default: "auto")')
		.option(
			'--to <language>',
			'language to write: en, or same for captions; live also several: same,en (default: "en")',
			collect,
		)
		.option('--format <format>', 'txt, srt, vtt, json, tsv or lrc (default: by --output, else "txt")')
		.option('--output <path>', 'write to this file, or to files in this folder, instead of printing')
		.option('--words', 'also time every word')
		.option('--max-line-width <columns>', 'widest line of a subtitle (default: 42)')
		.option('--max-lines <count>', 'most lines of a subtitle (default: 2)')
		.option('--model <name>', 'model to use, see "infinisst models list"', 'whisper-base')
		.option('--precision <precision>', 'auto, fp32, fp16w, int8 or q8', 'auto')
		.option('--device <device>', 'auto, cpu, cuda or webgpu', 'auto')
		.option(
			'--threads <count>',
			'processor threads for each of the two halves of the model, which work side by side (default: 1)',
		)
		.option('--beam <size>', 'width of the beam search; 1 is greedy', '1')
		.option('--prompt <text>', 'names, spelling and style to expect')
		.option(
			'--previous-text',
			'prompt each segment with the text before it; slower, as segments wait for each other',
		)
		.option('--timestamps', 'let the model say where sentences begin and end')
		.option('--raw <encoding>', 'inputs are headerless samples: s16le or f32le')
		.option('--rate <hertz>', 'sample rate of --raw inputs (default: 16000)')
		.option('--channels <count>', 'channels of --raw inputs (default: 1)')
		.option('--download', 'fetch the model first if it is missing (default: only on a terminal)')
		.option('--no-download', 'never fetch the model')
		.option('--json', 'print one event a line instead of text')
		.option('--quiet', 'print no progress')
		.option('--no-color', 'print without colours')
		.action(async (inputs: string[], flags: unknown) => {
			const {runTranslate} = await import('./translate/run-translate.js');
			outcome.exitCode = await runTranslate(inputs, flags, context);
		});
}

/** A flag that may be given more than once. */
function collect(value: string, before: readonly string[] | undefined): string[] {
	return [...(before ?? []), value];
}
