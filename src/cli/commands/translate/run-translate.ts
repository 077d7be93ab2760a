import {InfinisstError} from '../../../core/errors.js';
import type {SpeechTask} from '../../../core/language/resolve-speech-task.js';
import type {ModelEvent} from '../../../core/models/model-event.js';
import type {TextTranslator} from '../../../core/translation/text/text-translator.js';
import type {CommandContext} from '../../command-context.js';
import {describeError} from '../../describe-error.js';
import {EXIT_BAD_INPUT, EXIT_FAULT, EXIT_MODEL_MISSING, EXIT_OK} from '../../exit-codes.js';
import {openRunView, type RunView} from '../../render/run-view.js';
import {sentenceOfModelEvent, statusOfModelEvent} from './describe-model-event.js';
import {ensureModel, type ReadyModel, type ReadyTarget} from './ensure-model.js';
import {findRecordings, type Recording} from './find-recordings.js';
import {nameRecording, useGivenName} from './name-recording.js';
import {causeOf, openRecorder} from './open-recorder.js';
import {planOutputs} from './plan-outputs.js';
import {readGlossary} from './read-glossary.js';
import type {RunEvent} from './run-event.js';
import {createPrintSink, nullSink, openFileSink, type TextSink} from './text-sink.js';
import {parseTranslateOptions, type TranslateOptions} from './translate-options.js';
import {
	beginRecording,
	REPLICA,
	translateRecording,
	type SinkRequest,
	type BegunRecording,
	type RecordingRun,
	type RecordingTask,
} from './translate-recording.js';

/** What a run of several recordings answers, worst first: a fault of ours says most about the rest. */
const severity = [EXIT_FAULT, EXIT_MODEL_MISSING, EXIT_BAD_INPUT, EXIT_OK];

/**
 * The work of `infinisst translate`.
 *
 * @returns the exit code: the worst of the recordings', because a bad one does not stop the others.
 * @throws {InfinisstError} for what stops all of them: options, languages, the model, the device.
 * @throws `signal.reason` when the run is stopped.
 */
export async function runTranslate(
	inputs: readonly string[],
	flags: unknown,
	context: CommandContext,
): Promise<number> {
	const options = parseTranslateOptions(flags, inputs);
	if (options.listsInputDevices) {
		const {listInputDevices} = await import('./live/list-input-devices.js');
		await listInputDevices(options, context);
		return EXIT_OK;
	}

	if (options.live !== undefined) {
		const {runLive} = await import('./live/run-live.js');
		return runLive(inputs, {...options, live: options.live}, context);
	}

	const found = await findRecordings(inputs, context.cwd);
	const outputPaths =
		options.output === undefined
			? undefined
			: await planOutputs(found, {output: options.output, format: options.format, cwd: context.cwd});
	const view = await openRunView(context, options);
	try {
		for (const remark of options.remarks) view.printNotice(remark);
		const tasks = found.recordings.map((recording, index): RecordingTask => {
			const outputPath = outputPaths?.[index];
			return {
				recording,
				position: index + 1,
				count: found.recordings.length,
				outputPath,
				openSink: label => openSink(label, options, view, context.signal),
			};
		});
		const emit = async (event: RunEvent): Promise<void> => {
			if (options.json) await view.printResult(`${JSON.stringify(event)}\n`);
		};
		return await runTasks(tasks, {options, view, context, emit});
	} finally {
		await view.close();
	}
}

interface RunParts {
	readonly options: TranslateOptions;
	readonly view: RunView;
	readonly context: CommandContext;
	/** Prints an event with `--json`; rejects only when the run is stopped. */
	readonly emit: (event: RunEvent) => Promise<void>;
}

async function runTasks(tasks: readonly RecordingTask[], parts: RunParts): Promise<number> {
	const {context, emit} = parts;
	// Nothing to hear: no reason to load, let alone fetch, a model.
	const isVain = tasks.every(({recording}) => recording.fault !== undefined);
	const run = isVain ? undefined : await startRun(tasks, parts);
	const begin = (task: RecordingTask | undefined): BegunRecording | undefined =>
		task === undefined || task.recording.fault !== undefined ? undefined : beginRecording(task, run!);
	let next: BegunRecording | undefined;
	let exitCode = EXIT_OK;
	let failed = 0;
	let fault: unknown;
	try {
		for (const [index, task] of tasks.entries()) {
			const begun = next ?? begin(task);
			next = undefined;
			try {
				if (task.recording.fault !== undefined) throw task.recording.fault;
				// Before the first is open, the next would only delay its first text.
				await begun!.opened;
				next = begin(tasks[index + 1]);
				await translateRecording(task, begun!, run!);
			} catch (error) {
				context.signal.throwIfAborted();
				// Without a translator there is nothing to go on with.
				await run?.translator;
				await run?.texts;
				failed++;
				exitCode = worse(exitCode, await reportFailure(task.recording, error, parts));
			}
		}
	} catch (error) {
		fault = error;
		throw error;
	} finally {
		await next?.cancel();
		await closeTranslator(run);
		await run?.recorder.end(causeOf(fault ?? describeFailed(failed, tasks.length)));
	}

	await emit({type: 'run-ended', succeeded: tasks.length - failed, failed, exitCode});
	return exitCode;
}

async function startRun(tasks: readonly RecordingTask[], parts: RunParts): Promise<RecordingRun> {
	const {options, view, context, emit} = parts;
	// Before a model is fetched for it.
	const glossary = options.glossary === undefined ? [] : await readGlossary(options.glossary, context.cwd);
	const model = await ensureModel(options, {
		store: await context.openModelStore(),
		isWatched: context.stderr.isTTY === true,
		onEvent: event => reportModelEvent(event, parts),
		signal: context.signal,
	});
	const task = oneRecognition(model);
	if (options.glossary !== undefined && model.texts.length === 0)
		view.printNotice('--glossary changes nothing here: no text is translated.');
	const translator = context.openTranslator({
		graphsDirectory: model.graphsDirectory,
		device: options.device,
		...(options.threads !== undefined && {threads: options.threads}),
	});
	// Whoever needs it awaits it; until then a failure must not count as one that nobody heard of.
	translator.catch(() => undefined);
	const texts = openTexts(model, context);
	texts.catch(() => undefined);
	await emit({
		type: 'run-started',
		formatVersion: 1,
		model: model.name,
		precision: options.precision,
		task: model.targets[0]!.text === undefined ? task.task : 'translate',
		sourceLanguage: task.sourceLanguage,
		targetLanguage: model.targets[0]!.target,
		targets: model.targets.map(({target}) => target),
		files: tasks.map(({recording}) => recording.name),
	});
	const recorder = await openRecorder(
		tasks.map(({recording}) => recording.name),
		options,
		context,
	);
	void translator.then(
		() => recorder.replicaStarted(REPLICA, model.name),
		() => undefined,
	);
	return {options, model, task, glossary, translator, texts, recorder, view, emit, context};
}

/**
 * What the model that hears is asked for: a recording is heard once, whatever it is translated into.
 *
 * @throws {InfinisstError} `OPTION_INVALID` if it would have to be heard in two ways.
 */
function oneRecognition({targets}: ReadyModel): SpeechTask {
	const [{task, target}, ...others] = targets as [ReadyTarget, ...ReadyTarget[]];
	const other = others.find(each => each.task.targetLanguage !== task.targetLanguage);
	if (other === undefined) return task;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${target} and ${other.target} would need the recording to be heard twice, for ${task.targetLanguage} and ${other.task.targetLanguage}`,
		{hint: 'Run it once for each, add --live, or name with --from what is spoken.'},
	);
}

async function openTexts(
	{texts}: ReadyModel,
	context: CommandContext,
): Promise<ReadonlyMap<string, TextTranslator>> {
	const opened = new Map<string, TextTranslator>();
	try {
		for (const text of texts) opened.set(text.name, await context.openTextTranslator(text, context.signal));
	} catch (error) {
		for (const translator of opened.values()) await translator.close();
		throw error;
	}
	return opened;
}

/** For the history, which has no room for what was wrong with each. */
function describeFailed(failed: number, count: number): Error | undefined {
	return failed === 0 ? undefined : new Error(`${failed} of ${count} recordings failed`);
}

async function closeTranslator(run: RecordingRun | undefined): Promise<void> {
	const translator = await run?.translator.catch(() => undefined);
	await translator?.close();
	const texts = await run?.texts.catch(() => undefined);
	for (const text of texts?.values() ?? []) await text.close();
}

function reportModelEvent(event: ModelEvent, {view, emit}: RunParts): void {
	const status = statusOfModelEvent(event);
	if (status !== undefined) view.update(status);
	const sentence = sentenceOfModelEvent(event);
	if (sentence !== undefined) view.printSummary(sentence);
	emit({type: 'model-progressed', event}).catch(() => undefined);
}

/** @returns the exit code that this failure alone would mean. */
async function reportFailure(
	recording: Recording,
	error: unknown,
	{view, emit, context}: RunParts,
): Promise<number> {
	const {sentence, text, exitCode} = describeError(error, context.env);
	view.printNotice(`infinisst: ${nameRecording(text, recording)}`);
	await emit({
		type: 'file-failed',
		file: recording.name,
		code: InfinisstError.is(error) ? error.code : null,
		message: useGivenName(sentence, recording),
	});
	return exitCode;
}

function worse(first: number, second: number): number {
	return severity.find(code => code === first || code === second) ?? EXIT_FAULT;
}

function openSink(
	{path, label}: SinkRequest,
	{json}: TranslateOptions,
	view: RunView,
	signal: AbortSignal,
): Promise<TextSink> {
	if (path !== undefined) return openFileSink(path);
	const print = (text: string): Promise<void> => view.printResult(text === '' ? text : label + text);
	return Promise.resolve(json ? nullSink : createPrintSink(print, signal));
}
