import {levelDecibels} from '../../../../core/audio/level.js';
import {SAMPLE_RATE_HZ} from '../../../../core/audio/audio-source.js';
import {
	LATENCY_MULTIPLIERS,
	type Engine,
	type EngineSession,
	type GlossaryEntry,
	type LatencyMultiplier,
} from '../../../../core/engine/engine.js';
import {InfinisstError} from '../../../../core/errors.js';
import {pumpAudio} from '../../../../core/session/pump-audio.js';
import type {SessionEvent} from '../../../../core/session/session-event.js';
import {StreamEvents, type StreamEvent} from '../../../../core/session/stream-event.js';
import type {RunRecorder} from '../../../../history/record/run-recorder.js';
import {describeUpdate} from '../../../../server/sessions/describe-update.js';
import type {SessionRecord} from '../../../../server/sessions/session-recorder.js';
import type {CommandContext} from '../../../command-context.js';
import {describeError} from '../../../describe-error.js';
import {EXIT_OK} from '../../../exit-codes.js';
import {formatDuration} from '../../../render/format-status.js';
import {createLiveState, followSession, type LiveState} from '../../../render/live/live-state.js';
import {openLiveView, type LiveKey, type LiveView} from '../../../render/live/live-view.js';
import {openRunView} from '../../../render/run-view.js';
import {RunStop} from '../../../run-stop.js';
import {sentenceOfModelEvent, statusOfModelEvent} from '../describe-model-event.js';
import {displayPath} from '../display-path.js';
import {ensureModel, type ReadyModel} from '../ensure-model.js';
import {causeOf, openRecorder} from '../open-recorder.js';
import type {TranslateOptions} from '../translate-options.js';
import {findLiveInput, type LiveInput} from './live-input.js';
import type {LiveOptions} from './live-options.js';
import {createEventOutput, type LiveOutput} from './live-output.js';
import {createLiveStop, type LiveStop} from './live-stop.js';
import {openLiveOutputs} from './open-live-outputs.js';
import {planLiveOutputs, type LiveOutputPaths} from './plan-live-outputs.js';
import {openGlossary} from './watch-glossary.js';

export type LiveRunOptions = TranslateOptions & {readonly live: LiveOptions};

/**
 * The work of `infinisst translate` in live use: one input, translated while it is heard.
 *
 * @returns the exit code.
 * @throws {InfinisstError} for what made it end early, after what was heard before has been printed.
 * @throws `signal.reason` when it was interrupted, likewise.
 */
export async function runLive(
	inputs: readonly string[],
	options: LiveRunOptions,
	context: CommandContext,
): Promise<number> {
	const stop = createLiveStop(context);
	// Whoever is silent for an hour leaves nothing for Node to wait for.
	const keepAlive = setInterval(() => undefined, 60_000);
	try {
		const input = await findLiveInput(options.live.source, inputs, context, stop.hearing);
		const model = await prepareModel(options, context, stop);
		const paths = await planLiveOutputs(input, {
			output: options.output,
			format: options.format,
			subtitles: options.live.subtitles?.path,
			targets: model.targets.map(({target}) => target),
			cwd: context.cwd,
		});
		const recorder = await openRecorder([input.title], options, context);
		const engine = await context.openEngine({
			model: model.name,
			graphsDirectory: model.graphsDirectory,
			texts: model.texts,
			device: options.device,
			...(options.threads !== undefined && {threads: options.threads}),
			signal: stop.hearing,
		});
		recorder.replicaStarted(engine.id, model.name);
		let fault: unknown;
		try {
			await new LiveRun({input, model, paths, engine, recorder, options, context, stop}).run();
		} catch (error) {
			fault = error;
			throw error;
		} finally {
			await engine.destroy();
			await recorder.end(causeOf(fault));
		}

		if (RunStop.isInterruption(stop.hearing.reason)) throw stop.hearing.reason;
		return EXIT_OK;
	} finally {
		clearInterval(keepAlive);
		stop.close();
	}
}

async function prepareModel(
	options: LiveRunOptions,
	context: CommandContext,
	{hearing}: LiveStop,
): Promise<ReadyModel> {
	const view = await openRunView(context, options);
	try {
		for (const remark of options.remarks) view.printNotice(remark);
		return await ensureModel(options, {
			store: await context.openModelStore(),
			isWatched: context.stderr.isTTY === true,
			onEvent(event) {
				const status = statusOfModelEvent(event);
				if (status !== undefined) view.update(status);
				const sentence = sentenceOfModelEvent(event);
				if (sentence !== undefined) view.printSummary(sentence);
			},
			signal: hearing,
		});
	} finally {
		await view.close();
	}
}

interface LiveRunParts {
	readonly input: LiveInput;
	readonly model: ReadyModel;
	readonly paths: readonly LiveOutputPaths[];
	readonly engine: Engine;
	readonly recorder: RunRecorder;
	readonly options: LiveRunOptions;
	readonly context: CommandContext;
	readonly stop: LiveStop;
}

/** One session from the first sample to the last word. */
class LiveRun {
	readonly #parts: LiveRunParts;
	readonly #stream: StreamEvents;
	readonly #targets: readonly string[];
	readonly #sourceLanguage: string;
	#startedMs: number;
	#state: LiveState;
	#view: LiveView | undefined;
	#session: EngineSession | undefined;
	#outputs: readonly LiveOutput[] = [];
	#language: {readonly code: string; readonly probability: number} | undefined;
	#lag = {sumMs: 0, count: 0};
	#heardSamples = 0;
	#stopWatching: () => void = () => undefined;

	constructor(parts: LiveRunParts) {
		const {model, options, context} = parts;
		this.#parts = parts;
		this.#targets = model.targets.map(({target}) => target);
		this.#sourceLanguage = model.sourceLanguage;
		this.#startedMs = context.clock.nowMs();
		this.#stream = new StreamEvents({
			elapsedMs: () => context.clock.nowMs() - this.#startedMs,
			sourceLanguage: this.#sourceLanguage,
			words: options.words,
		});
		this.#state = createLiveState({
			sourceLanguage: this.#sourceLanguage,
			targets: this.#targets,
			latencyMultiplier: options.live.latencyMultiplier,
		});
	}

	async run(): Promise<void> {
		const {options, context, stop} = this.#parts;
		const view = await openLiveView(context, {
			quiet: options.quiet,
			color: options.color,
			printsDocuments: options.json || (options.format !== 'txt' && options.output === undefined),
			state: this.#state,
			onKey: key => this.#obey(key),
			broken: stop.broken,
		});
		this.#view = view;
		const onEnding = (): void => this.#show({phase: 'ending'});
		stop.hearing.addEventListener('abort', onEnding, {once: true});
		try {
			await this.#runWithView(view);
		} finally {
			stop.hearing.removeEventListener('abort', onEnding);
			await view.close();
		}

		this.#printSummary();
	}

	async #runWithView(view: LiveView): Promise<void> {
		let fault: {readonly error: unknown} | undefined;
		try {
			await this.#translate(view);
		} catch (error) {
			fault = {error};
			await this.#reportFault(error);
		}

		for (const output of this.#outputs) {
			await output.end(this.#summary()).catch((error: unknown) => (fault ??= {error}));
		}

		if (fault !== undefined) throw fault.error;
	}

	async #translate(view: LiveView): Promise<void> {
		const {input, options, context, stop} = this.#parts;
		const session = await this.#openSession(view);
		const record = this.#openRecord();
		let pumping: Promise<void> | undefined;
		try {
			this.#startedMs = context.clock.nowMs();
			await this.#openOutputs(view);
			const audio = await input.open({
				raw: options.raw,
				onWarning: message => this.#warn(message),
				signal: stop.hearing,
			});
			if (!view.isDrawn && !options.quiet) view.printNotice(`Listening to ${input.title}.`);
			pumping = pumpAudio(audio.samples, session, {
				stop: stop.hearing,
				onBlock: block => this.#hear(block),
			});
			// It is awaited below, after what was heard has been printed.
			pumping.catch(() => undefined);
			for await (const update of session.updates) {
				record.updated(describeUpdate(update, {atMs: Date.now(), keepsText: options.keepText}));
				for (const event of update.events) await this.#take(event);
			}

			await pumping;
			record.ended({atMs: Date.now(), audioMs: this.#heardMs, cause: undefined});
		} catch (error) {
			record.ended({atMs: Date.now(), audioMs: this.#heardMs, cause: causeOf(error)});
			stop.end(error);
			session.destroy(error);
			await pumping?.catch(() => undefined);
			throw error;
		} finally {
			this.#stopWatching();
		}
	}

	#openRecord(): SessionRecord {
		const {input, model, engine, recorder, options} = this.#parts;
		const record = recorder.openPart({
			name: input.title,
			model: model.name,
			replica: engine.id,
			step: 'look',
			metadata: {latency_multiplier: String(options.live.latencyMultiplier)},
		});
		record.began(Date.now());
		return record;
	}

	async #openOutputs(view: LiveView): Promise<void> {
		const {model, options, context} = this.#parts;
		const print = (text: string): Promise<void> => view.printResult(text);
		const isShownByView = view.isDrawn && context.stdout.isTTY === true;
		this.#outputs = await openLiveOutputs(this.#parts, {
			targets: this.#targets,
			print,
			printsTranscript: !options.json && !isShownByView,
		});
		if (!options.json) return;
		this.#outputs = [createEventOutput(this.#stream, print), ...this.#outputs];
		await this.#printEvent(
			this.#stream.created({
				model: model.name,
				source_language: this.#sourceLanguage,
				targets: this.#targets,
				latency_multiplier: options.live.latencyMultiplier,
			}),
		);
	}

	async #openSession(view: LiveView): Promise<EngineSession> {
		const {engine, options, stop, context} = this.#parts;
		const {live, prompt} = options;
		const glossary =
			options.glossary === undefined ? undefined : await openGlossary(options.glossary, context);
		const session = await engine.openSession(
			{
				sourceLanguage: this.#sourceLanguage,
				targets: this.#targets,
				latencyMultiplier: live.latencyMultiplier,
				partials: view.isDrawn || options.json,
				words: this.#needsWords(),
				// A pipe may be a recording that comes as fast as it is taken: its text shall not suffer from that.
				catchUp: live.source.kind !== 'stdin',
				...(prompt !== undefined && {prompt}),
				...(glossary !== undefined && {glossary: glossary.entries}),
			},
			{signal: stop.hearing},
		);
		this.#session = session;
		if (glossary !== undefined) {
			this.#stopWatching = glossary.watch({
				onChange: entries => this.#changeGlossary(entries),
				// What holds stays so: a slip of the pen is no reason to forget all terms.
				onFault: error => this.#warn(describeError(error, context.env).sentence),
			});
		}
		const destroy = (): void => session.destroy(stop.broken.reason);
		stop.broken.addEventListener('abort', destroy, {once: true});
		return session;
	}

	async #take(event: SessionEvent): Promise<void> {
		this.#state = followSession(this.#state, event);
		this.#show({});
		if (event.type === 'language-detected') {
			this.#language = {code: event.language, probability: event.probability};
		} else if (event.type === 'lag-measured') {
			this.#lag = {sumMs: this.#lag.sumMs + event.lagMs, count: this.#lag.count + 1};
		} else if (event.type === 'warning-raised') {
			this.#view?.printNotice(event.message);
		}

		for (const output of this.#outputs) await output.take(event);
	}

	#hear(block: Float32Array): void {
		this.#heardSamples += block.length;
		this.#show({audioMs: this.#heardMs, levelDecibels: levelDecibels(block)});
	}

	#show(change: Partial<LiveState>): void {
		this.#state = {...this.#state, ...change};
		this.#view?.show(this.#state);
	}

	#obey(key: LiveKey): void {
		const {context, stop} = this.#parts;
		switch (key) {
			case 'better':
				this.#changeLatency(1);
				break;
			case 'faster':
				this.#changeLatency(-1);
				break;
			case 'end':
				stop.end(RunStop.ended());
				break;
			case 'interrupt':
				context.interrupt();
				break;
		}
	}

	#changeLatency(by: 1 | -1): void {
		const next = (this.#state.latencyMultiplier + by) as LatencyMultiplier;
		if (this.#session === undefined || !LATENCY_MULTIPLIERS.includes(next)) return;
		this.#session.change({latencyMultiplier: next});
		this.#show({latencyMultiplier: next});
	}

	#changeGlossary(entries: readonly GlossaryEntry[]): void {
		const {options} = this.#parts;
		this.#session?.change({glossary: entries});
		if (options.quiet) return;
		const count = entries.length === 1 ? '1 term' : `${entries.length} terms`;
		this.#view?.printNotice(`${options.glossary!} has changed: ${count} from here on.`);
	}

	#warn(message: string): void {
		const {options, stop} = this.#parts;
		// To a decoder that is stopped, the recording looks cut short.
		if (stop.hearing.aborted) return;
		this.#view?.printNotice(message);
		if (options.json) this.#printEvent(this.#stream.error(null, message, false)).catch(() => undefined);
	}

	async #reportFault(error: unknown): Promise<void> {
		const {options, stop, context} = this.#parts;
		if (!options.json || stop.broken.aborted || RunStop.is(error)) return;
		const code = InfinisstError.is(error) ? error.code : null;
		const {sentence} = describeError(error, context.env);
		await this.#printEvent(this.#stream.error(code, sentence, true)).catch(() => undefined);
	}

	async #printEvent(event: StreamEvent): Promise<void> {
		await this.#view?.printResult(`${JSON.stringify(event)}\n`);
	}

	/** Subtitles are cut between words, at the time they are spoken. */
	#needsWords(): boolean {
		const {options} = this.#parts;
		const writesDocument = !options.json || options.output !== undefined;
		const writesCues = writesDocument && (options.format === 'srt' || options.format === 'vtt');
		return options.words || writesCues || options.live.subtitles !== undefined;
	}

	get #heardMs(): number {
		return (this.#heardSamples / SAMPLE_RATE_HZ) * 1000;
	}

	#summary() {
		return {
			audioMs: this.#heardMs,
			language: this.#language?.code ?? (this.#sourceLanguage === 'auto' ? undefined : this.#sourceLanguage),
			languageProbability: this.#language?.probability,
		};
	}

	#printSummary(): void {
		const {input, options, paths, context} = this.#parts;
		if (options.quiet) return;
		const files = paths
			.flatMap(({output, subtitles}) => [output, subtitles])
			.filter(path => path !== undefined)
			.map(path => displayPath(path, context.cwd));
		const facts = [
			`${formatDuration(this.#heardMs)} heard`,
			...(this.#lag.count === 0
				? []
				: [`mean lag ${(this.#lag.sumMs / this.#lag.count / 1000).toFixed(1)} s`]),
			...(files.length === 0 ? [] : [`written to ${files.join(', ')}`]),
		];
		context.stderr.write(`${input.title}: ${facts.join(', ')}\n`);
	}
}
