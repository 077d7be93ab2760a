import type {AudioInput, AudioSource} from '../../../core/audio/audio-source.js';
import type {GlossaryEntry} from '../../../core/engine/engine.js';
import {InfinisstError} from '../../../core/errors.js';
import {findLanguage} from '../../../core/language/language-table.js';
import type {SpeechTask} from '../../../core/language/resolve-speech-task.js';
import {createSubtitleFormatter} from '../../../core/subtitles/create-subtitle-formatter.js';
import type {SubtitleFormatter} from '../../../core/subtitles/subtitle-formatter.js';
import type {FileTranslationOptions, FileTranslator} from '../../../core/translation/file-translator.js';
import type {TextTranslator} from '../../../core/translation/text/text-translator.js';
import {translateCaptions} from '../../../core/translation/text/translate-captions.js';
import type {TranslationEvent} from '../../../core/translation/translation-event.js';
import {readAhead} from '../../../core/util/read-ahead.js';
import type {RunRecorder} from '../../../history/record/run-recorder.js';
import {describeSegment} from '../../../server/sessions/describe-segment.js';
import type {SessionRecord} from '../../../server/sessions/session-recorder.js';
import type {CommandContext} from '../../command-context.js';
import {formatDuration, formatSpeed} from '../../render/format-status.js';
import type {RunView} from '../../render/run-view.js';
import {displayPath} from './display-path.js';
import type {ReadyModel} from './ensure-model.js';
import type {Recording} from './find-recordings.js';
import {causeOf} from './open-recorder.js';
import {nameRecording, useGivenName} from './name-recording.js';
import {nameForTarget} from './plan-outputs.js';
import type {RunEvent} from './run-event.js';
import type {TextSink} from './text-sink.js';
import type {TranslateOptions} from './translate-options.js';

/** What the recordings of a run share. */
export interface RecordingRun {
	readonly options: TranslateOptions;
	readonly model: ReadyModel;
	/** Of the model that hears. */
	readonly task: SpeechTask;
	readonly glossary: readonly GlossaryEntry[];
	/** May still be loading: a recording is opened meanwhile. */
	readonly translator: Promise<FileTranslator>;
	/** What text is translated by, by the model's name. */
	readonly texts: Promise<ReadonlyMap<string, TextTranslator>>;
	readonly recorder: RunRecorder;
	readonly view: RunView;
	/** Prints an event; rejects only when the run is stopped. */
	readonly emit: (event: RunEvent) => Promise<void>;
	readonly context: Pick<CommandContext, 'stdin' | 'cwd' | 'clock' | 'signal' | 'openAudio'>;
}

export interface RecordingTask {
	readonly recording: Recording;
	/** Counts from 1. */
	readonly position: number;
	readonly count: number;
	/** Absolute path of the text, of several languages with theirs put in; undefined if it is printed. */
	readonly outputPath: string | undefined;
	readonly openSink: (request: SinkRequest) => Promise<TextSink>;
}

export interface SinkRequest {
	/** Absolute; undefined to print. */
	readonly path: string | undefined;
	/** Before each text that is printed. */
	readonly label: string;
}

/** A recording whose translation has begun. */
export interface BegunRecording {
	/** Rejects with what opening it and the model threw. */
	readonly opened: Promise<OpenedRecording>;
	/** Gives it up. */
	readonly cancel: () => Promise<void>;
}

interface OpenedRecording {
	readonly audio: AudioSource;
	readonly events: AsyncIterableIterator<TranslationEvent>;
	readonly startedMs: number;
}

/** Where the text of one language goes. */
interface TargetOutput {
	readonly target: string;
	readonly sink: TextSink;
	readonly formatter: SubtitleFormatter;
}

/** How the history calls the model of a run. */
export const REPLICA = 'translator';

/** Events that are kept for a recording whose turn has not come: a sentence or two each, some kilobytes in all. */
const EVENTS_AHEAD = 256;

/**
 * Opens a recording and begins to translate it, so that the model works on it while the one before it comes
 * to its end, when there is little left to be decoded together.
 */
export function beginRecording({recording, position}: RecordingTask, run: RecordingRun): BegunRecording {
	// The first has nothing to wait for.
	const eventsAhead = position === 1 ? 0 : EVENTS_AHEAD;
	const {options, context} = run;
	const open = async (): Promise<OpenedRecording> => {
		const startedMs = context.clock.nowMs();
		const audio = await context.openAudio(inputOf(recording, context), {
			...(options.raw !== undefined && {raw: options.raw}),
			onWarning: message => warn(message, recording, run),
			signal: context.signal,
		});
		try {
			const translator = await run.translator;
			const texts = await run.texts;
			const heard = translator.translate(audio, optionsOf(run));
			return {audio, startedMs, events: readAhead(translateTexts(heard, texts, run), eventsAhead)};
		} catch (error) {
			await audio.samples.cancel(error).catch(() => undefined);
			throw error;
		}
	};
	const opened = open();
	// Whoever translates it hears of a failure; until then it must not count as one that nobody heard of.
	opened.catch(() => undefined);
	return {
		opened,
		cancel: async () => {
			const begun = await opened.catch(() => undefined);
			await begun?.events.return?.();
		},
	};
}

/**
 * Translates a recording to its end: its text to the sink and its events to `emit`, as they come.
 *
 * @throws {InfinisstError} what opening, decoding, translating and writing throw.
 * @throws `signal.reason` when the run is stopped.
 */
export async function translateRecording(
	task: RecordingTask,
	begun: BegunRecording,
	run: RecordingRun,
): Promise<void> {
	const {recording, openSink} = task;
	const file = recording.name;
	const {audio, events, startedMs} = await begun.opened;
	const targets = run.model.targets.map(({target}) => target);
	const progress = new RecordingProgress(task, run, audio.durationMs, startedMs);
	const record = openRecord(recording, run);
	const outputs: TargetOutput[] = [];
	try {
		for (const target of targets) {
			const path = nameForTarget(task.outputPath, target, targets);
			const sink = await openSink({path, label: targets.length > 1 ? `[${target}] ` : ''});
			outputs.push({target, sink, formatter: createFormatter(recording, target, run)});
		}
		await run.emit({
			type: 'file-started',
			file,
			description: audio.description,
			durationMs: audio.durationMs ?? null,
		});
		for (const {sink, formatter} of outputs) await sink.write(formatter.begin());
		for await (const event of events) {
			progress.take(event);
			if (event.type === 'segment-final') {
				const target = event.target ?? targets[0]!;
				record.updated(describeSegment(event.segment, {target, keepsText: run.options.keepText}));
				const output = outputs.find(each => each.target === target);
				await output?.sink.write(output.formatter.segment(event.segment));
			}
			if (event.type === 'warning-raised') warn(event.message, recording, run);
			else if (event.type !== 'translation-ended') await run.emit(publish(event, file, run.options));
		}

		for (const {sink, formatter} of outputs) {
			await sink.write(formatter.end(progress.summary));
			await sink.commit();
		}
		record.ended({atMs: Date.now(), audioMs: progress.summary.audioMs, cause: undefined});
	} catch (error) {
		record.ended({atMs: Date.now(), audioMs: progress.summary.audioMs, cause: causeOf(error)});
		await events.return?.();
		for (const {sink, formatter} of outputs) await sink.discard(formatter.end(progress.summary));
		throw error;
	}

	await progress.end();
}

function openRecord({name}: Recording, {recorder, model}: RecordingRun): SessionRecord {
	const record = recorder.openPart({name, model: model.name, replica: REPLICA, step: 'segment'});
	record.began(Date.now());
	return record;
}

function warn(message: string, recording: Recording, {view, emit, context}: RecordingRun): void {
	// To a decoder that is stopped, the recording looks cut short.
	if (context.signal.aborted) return;
	view.printNotice(nameRecording(message, recording));
	const event = {
		type: 'warning-raised',
		file: recording.name,
		message: useGivenName(message, recording),
	} as const;
	emit(event).catch(() => undefined);
}

function inputOf({name, path, fault}: Recording, {stdin}: Pick<CommandContext, 'stdin'>): AudioInput {
	if (fault !== undefined) throw fault;
	if (path !== undefined) return {kind: 'file', path};
	if (stdin.isTTY === true) {
		throw new InfinisstError('INPUT_UNREADABLE', 'The standard input is a terminal, not a recording', {
			hint: 'Send one: infinisst translate - < talk.wav',
		});
	}

	return {kind: 'stream', stream: stdin, name};
}

function createFormatter(
	recording: Recording,
	target: string,
	{options, model}: RecordingRun,
): SubtitleFormatter {
	return createSubtitleFormatter(options.format, {
		targetLanguage: target,
		maxLineWidth: options.maxLineWidth,
		maxLines: options.maxLines,
		words: options.words,
		recording: {
			file: recording.name,
			model: model.name,
			task: target === 'same' ? 'transcribe' : 'translate',
		},
	});
}

function optionsOf({options, task, model, context}: RecordingRun): FileTranslationOptions {
	return {
		sourceLanguage: task.sourceLanguage,
		task: task.task,
		beamSize: options.beamSize,
		// What is translated carries the place of what it stands for.
		words: needsWords(options) || model.texts.length > 0,
		previousText: options.previousText,
		timestamps: options.timestamps,
		...(options.prompt !== undefined && {prompt: options.prompt}),
		signal: context.signal,
	};
}

/** Where text is translated, segments of each language in place of those that were heard. */
function translateTexts(
	heard: AsyncIterable<TranslationEvent>,
	texts: ReadonlyMap<string, TextTranslator>,
	{model, options, task, glossary, context}: RecordingRun,
): AsyncIterable<TranslationEvent> {
	const translated = model.targets.flatMap(({target, text}) =>
		text === undefined
			? []
			: [{target, sourceLanguage: text.sourceLanguage, translator: texts.get(text.model)!}],
	);
	const [first] = translated;
	if (first === undefined) return heard;
	return translateCaptions(heard, {
		targets: translated,
		sourceLanguage: first.sourceLanguage,
		glossary,
		words: needsWords(options),
		signal: context.signal,
		...(model.targets.some(({text}) => text === undefined) && {keeps: task.targetLanguage}),
	});
}

/** Subtitles are cut between words, at the time they are spoken, also where no time of a word is shown. */
function needsWords({words, format, json, output}: TranslateOptions): boolean {
	const writesSubtitles = !json || output !== undefined;
	return words || (writesSubtitles && (format === 'srt' || format === 'vtt'));
}

type PublishedEvent = Exclude<TranslationEvent, {type: 'warning-raised' | 'translation-ended'}>;

function publish(event: PublishedEvent, file: string, {words: wantsWords}: TranslateOptions): RunEvent {
	switch (event.type) {
		case 'progress':
			return {...event, file, durationMs: event.durationMs ?? null};
		case 'segment-final': {
			const {words, ...segment} = event.segment;
			return {...event, file, segment: wantsWords && words !== undefined ? event.segment : segment};
		}
		case 'language-detected':
			return {...event, file};
	}
}

/** Follows the events of a recording and tells the view. */
class RecordingProgress {
	readonly #task: RecordingTask;
	readonly #run: RecordingRun;
	readonly #startedMs: number;
	#durationMs: number | undefined;
	#processedMs = 0;
	#segments = 0;
	#language: string | undefined;
	#languageProbability: number | undefined;

	constructor(task: RecordingTask, run: RecordingRun, durationMs: number | undefined, startedMs: number) {
		this.#task = task;
		this.#run = run;
		this.#durationMs = durationMs;
		this.#startedMs = startedMs;
		const {sourceLanguage} = run.task;
		this.#language = sourceLanguage === 'auto' ? undefined : sourceLanguage;
		this.#show();
	}

	get summary() {
		return {
			audioMs: this.#processedMs,
			language: this.#language,
			languageProbability: this.#languageProbability,
		};
	}

	take(event: TranslationEvent): void {
		switch (event.type) {
			case 'language-detected':
				this.#language = event.language;
				this.#languageProbability = event.probability;
				break;
			case 'segment-final':
				this.#segments++;
				break;
			case 'progress':
				this.#processedMs = event.processedMs;
				this.#durationMs = event.durationMs ?? this.#durationMs;
				break;
			case 'translation-ended':
				this.#processedMs = event.audioMs;
				break;
			case 'warning-raised':
				return;
		}

		this.#show();
	}

	async end(): Promise<void> {
		const {recording, outputPath} = this.#task;
		const {view, emit, context} = this.#run;
		const elapsedMs = this.#elapsedMs();
		const audioMs = this.#processedMs;
		const facts = [
			`${formatDuration(audioMs)} of ${this.#languageName() ?? 'audio'} in ${(elapsedMs / 1000).toFixed(1)} s`,
			...(audioMs > 0 && elapsedMs > 0 ? [formatSpeed(audioMs / elapsedMs)] : []),
			...(outputPath === undefined ? [] : [`written to ${displayPath(outputPath, context.cwd)}`]),
		];
		view.printSummary(`${recording.name}: ${facts.join(', ')}`);
		await emit({
			type: 'file-ended',
			file: recording.name,
			audioMs,
			elapsedMs: Math.round(elapsedMs),
			segments: this.#segments,
			...(outputPath !== undefined && {output: outputPath}),
		});
	}

	#show(): void {
		const {recording, position, count} = this.#task;
		this.#run.view.update({
			kind: 'recording',
			name: recording.name,
			position,
			count,
			processedMs: this.#processedMs,
			durationMs: this.#durationMs,
			elapsedMs: this.#elapsedMs(),
			language: this.#languageName(),
		});
	}

	#elapsedMs(): number {
		return this.#run.context.clock.nowMs() - this.#startedMs;
	}

	#languageName(): string | undefined {
		return this.#language === undefined ? undefined : (findLanguage(this.#language)?.name ?? this.#language);
	}
}
