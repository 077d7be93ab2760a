import {createSubtitleFormatter} from '../../../../core/subtitles/create-subtitle-formatter.js';
import type {SubtitleFormat, SubtitleFormatter} from '../../../../core/subtitles/subtitle-formatter.js';
import type {ReadyModel} from '../ensure-model.js';
import {createPrintSink, openFileSink, openGrowingFileSink} from '../text-sink.js';
import type {LiveInput} from './live-input.js';
import {createFormattedOutput, createTranscriptOutput, type LiveOutput} from './live-output.js';
import type {LiveStop} from './live-stop.js';
import type {LiveOutputPaths} from './plan-live-outputs.js';
import type {LiveRunOptions} from './run-live.js';

export interface LiveOutputParts {
	readonly input: LiveInput;
	readonly model: ReadyModel;
	readonly paths: readonly LiveOutputPaths[];
	readonly options: LiveRunOptions;
	readonly stop: LiveStop;
}

export interface LivePrinting {
	readonly targets: readonly string[];
	readonly print: (text: string) => Promise<void>;
	/** Whether the text itself goes to the standard output, unless `--output` takes it. */
	readonly printsTranscript: boolean;
}

/**
 * Everything but events and views that the text of a session goes to.
 *
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE`, `DISK_FULL`.
 */
export async function openLiveOutputs(
	{input, model, paths, options, stop}: LiveOutputParts,
	{targets, print, printsTranscript}: LivePrinting,
): Promise<LiveOutput[]> {
	const outputs: LiveOutput[] = [];
	const createFormatter = (target: string, format: SubtitleFormat): SubtitleFormatter =>
		createSubtitleFormatter(format, {
			targetLanguage: target,
			maxLineWidth: options.maxLineWidth,
			maxLines: options.maxLines,
			words: options.words,
			recording: {
				file: input.name,
				model: model.name,
				task: target === 'same' ? 'transcribe' : 'translate',
			},
		});
	try {
		for (const {target, output, subtitles} of paths) {
			const {format, live} = options;
			if (output !== undefined) {
				const sink = await openFileSink(output);
				outputs.push(await createFormattedOutput(target, createFormatter(target, format), sink));
			}

			if (subtitles !== undefined) {
				const sink = await openGrowingFileSink(subtitles, '--subtitles');
				const formatter = createFormatter(target, live.subtitles!.format);
				outputs.push(await createFormattedOutput(target, formatter, sink));
			}
		}

		if (printsTranscript && options.output === undefined) {
			if (options.format === 'txt') outputs.push(createTranscriptOutput(targets, print));
			else {
				const sink = createPrintSink(print, stop.broken);
				const formatter = createFormatter(targets[0]!, options.format);
				outputs.push(await createFormattedOutput(targets[0]!, formatter, sink));
			}
		}

		return outputs;
	} catch (error) {
		const nothing = {audioMs: 0, language: undefined, languageProbability: undefined};
		for (const output of outputs) await output.end(nothing).catch(() => undefined);
		throw error;
	}
}
