import type {Command} from 'commander';

import {collect} from '../collect-flag.js';

/** How recordings are translated, for every command that translates some. */
export function addRecordingFlags(command: Command): Command {
	return command
		.option('--from <language>', 'language spoken: a code, a name, or auto to detect it (default: "auto")')
		.option(
			'--to <language>',
			'language to write; same for captions; several: de,es,same (default: "en")',
			collect,
		)
		.option('--format <format>', 'txt, srt, vtt, json, tsv or lrc (default: by --output, else "txt")')
		.option('--words', 'also time every word')
		.option('--max-line-width <columns>', 'widest line of a subtitle (default: 42)')
		.option('--max-lines <count>', 'most lines of a subtitle (default: 2)')
		.option('--model <name>', 'model to use, see "infinisst models list"', 'whisper-base')
		.option('--precision <precision>', 'auto, fp32, fp16w, int8, q8 or q4', 'auto')
		.option('--device <device>', 'auto, cpu, cuda or webgpu', 'auto')
		.option(
			'--threads <count>',
			'processor threads for each of the two halves of the model, which work side by side (default: 1)',
		)
		.option('--beam <size>', 'width of the beam search; 1 is greedy', '1')
		.option('--prompt <text>', 'names, spelling and style to expect')
		.option(
			'--glossary <file>',
			'terms that translated text keeps to: a term, a tab and its translation a line, perhaps also its language',
		)
		.option(
			'--max-llm-cache-size <tokens>',
			'what a language model that translates text keeps of a talk (default: 1000)',
		)
		.option(
			'--context-sentences <count>',
			'closed sentences that other models of texts read before the open one (default: 0)',
		)
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
		.option('--no-history', 'do not keep what happened')
		.option('--keep-text', 'also keep the texts in the history')
		.option('--json', 'print one event a line instead of text')
		.option('--quiet', 'print no progress')
		.option('--no-color', 'print without colours');
}
