import type {RecordedText, RecordedUpdate} from '../../server/sessions/session-recorder.js';
import {base64, EventList, formatTime, keyOf, type RecordedEvents} from './event-list.js';
import {PROCESS_METADATA} from './local-cluster.js';
import type {PartFacts, RecordEntry, RecordedCause, RunFacts} from './record-entry.js';

interface Part {
	readonly facts: PartFacts;
	/** Hex. */
	readonly jobId: string;
	readonly taskId: string;
	readonly submissionId: string;
	readonly logPath: string;
	logBytes: number;
	steps: number;
	/** Since when the next step can have been at work. */
	freeSinceMs: number;
}

const RUN_JOB = 1;
/** The last of 16 bytes of an actor's id, and of 24 of a task's, are the job's; a task of no actor has these before. */
const NO_ACTOR = 'ff'.repeat(12);

/**
 * Tells a run of this program in Ray's own events: the run and each session of a server are jobs that were submitted, replicas
 * are actors, a session or recording is a task, and each look at its audio a task below that.
 */
export class RunEvents {
	readonly #run: RunFacts;
	readonly #submissionId: string;
	readonly #nodeId: string;
	readonly #workerId: string;
	readonly #parts = new Map<number, Part>();
	readonly #replicas = new Map<string, string>();
	#jobs = RUN_JOB;
	#ids = 0;
	#hasBegun = false;

	constructor(run: RunFacts) {
		this.#run = run;
		this.#submissionId = `${run.command}-${run.seed.slice(0, 8)}`;
		this.#nodeId = `${run.seed}00000001`.padStart(56, '0');
		this.#workerId = `${run.seed}00000002`.padStart(56, '0');
	}

	take(entries: readonly RecordEntry[]): RecordedEvents {
		const out = new EventList(this.#run.sessionName, this.#run.seed, () => ++this.#ids);
		if (!this.#hasBegun) this.#begin(out);
		this.#hasBegun = true;
		for (const entry of entries) this.#take(entry, out);
		return out;
	}

	#take(entry: RecordEntry, out: EventList): void {
		switch (entry.type) {
			case 'replica-started':
				this.#startReplica(entry, out);
				return;
			case 'replica-ended':
				this.#endReplica(entry, out);
				return;
			case 'part-opened':
				this.#openPart(entry.part, entry.facts, out);
				return;
			case 'run-ended':
				this.#end(entry.atMs, entry.cause, out);
				return;
			case 'part-began':
			case 'part-updated':
			case 'part-reset':
			case 'part-ended':
				this.#takeOfPart(entry, out);
		}
	}

	#takeOfPart(
		entry: Extract<RecordEntry, {type: 'part-began' | 'part-updated' | 'part-reset' | 'part-ended'}>,
		out: EventList,
	): void {
		const part = this.#parts.get(entry.part);
		// It was opened while there was no room to keep that.
		if (part === undefined) return;
		switch (entry.type) {
			case 'part-began':
				part.freeSinceMs = entry.atMs;
				out.changeTask(part, [['RUNNING', entry.atMs]], this.#place());
				if (part.facts.isJob) out.changeSubmission(part.submissionId, 'RUNNING', entry.atMs);
				return;
			case 'part-updated':
				this.#addStep(part, entry.update, out);
				return;
			case 'part-reset':
				out.addSpan(part, 'reset', entry.atMs, entry.atMs, {});
				return;
			case 'part-ended':
				this.#endPart(part, entry, out);
				this.#parts.delete(entry.part);
		}
	}

	#begin(out: EventList): void {
		const {startedAtMs, hostname, processors, memoryBytes, pid, entrypoint, metadata} = this.#run;
		out.add('NODE_DEFINITION_EVENT', 'nodeDefinitionEvent', startedAtMs, {
			nodeId: base64(this.#nodeId),
			nodeIpAddress: '127.0.0.1',
			hostname,
			nodeName: hostname,
			startTimestamp: formatTime(startedAtMs),
		});
		out.add('NODE_LIFECYCLE_EVENT', 'nodeLifecycleEvent', startedAtMs, {
			nodeId: base64(this.#nodeId),
			stateTransitions: [
				{
					state: 'ALIVE',
					timestamp: formatTime(startedAtMs),
					resources: {CPU: processors, memory: memoryBytes},
				},
			],
		});
		out.add('WORKER_DEFINITION_EVENT', 'workerDefinitionEvent', startedAtMs, {
			workerId: base64(this.#workerId),
			nodeId: base64(this.#nodeId),
			pid,
			workerType: 'DRIVER',
		});
		out.add('WORKER_LIFECYCLE_EVENT', 'workerLifecycleEvent', startedAtMs, {
			workerId: base64(this.#workerId),
			jobId: base64(formatJobId(RUN_JOB)),
			stateTransitions: [
				{
					state: 'ALIVE',
					timestamp: formatTime(startedAtMs),
					startTimeMs: String(startedAtMs),
				},
			],
		});
		const submissionId = this.#submissionId;
		this.#openJob(out, formatJobId(RUN_JOB), {submissionId, entrypoint, metadata, atMs: startedAtMs});
		out.changeSubmission(submissionId, 'RUNNING', startedAtMs);
	}

	#openJob(
		out: EventList,
		jobId: string,
		{
			submissionId,
			entrypoint,
			metadata,
			atMs,
		}: {
			readonly submissionId: string;
			readonly entrypoint: string;
			readonly metadata: Readonly<Record<string, string>>;
			readonly atMs: number;
		},
	): void {
		out.defineSubmission(submissionId, entrypoint, metadata, atMs);
		out.add('DRIVER_JOB_DEFINITION_EVENT', 'driverJobDefinitionEvent', atMs, {
			jobId: base64(jobId),
			driverPid: String(this.#run.pid),
			driverNodeId: base64(this.#nodeId),
			entrypoint,
			config: {
				metadata: {
					job_submission_id: submissionId,
					...(jobId === formatJobId(RUN_JOB) && {[PROCESS_METADATA]: this.#run.processIdentity}),
				},
				serializedRuntimeEnv: '',
			},
		});
		out.changeJob(jobId, 'CREATED', atMs);
	}

	#end(atMs: number, cause: RecordedCause | undefined, out: EventList): void {
		for (const [replica, actorId] of this.#replicas) {
			this.#replicas.delete(replica);
			out.changeActor(actorId, 'DEAD', atMs, {deathCause: {}});
		}
		out.changeSubmission(this.#submissionId, stateOf(cause), atMs, cause);
		out.changeJob(formatJobId(RUN_JOB), 'FINISHED', atMs);
		out.add('WORKER_LIFECYCLE_EVENT', 'workerLifecycleEvent', atMs, {
			workerId: base64(this.#workerId),
			jobId: base64(formatJobId(RUN_JOB)),
			stateTransitions: [
				{
					state: 'DEAD',
					timestamp: formatTime(atMs),
					endTimeMs: String(atMs),
					deathInfo: {exitType: 'INTENDED_SYSTEM_EXIT', exitDetail: cause?.message ?? 'The run ended.'},
				},
			],
		});
		out.add('NODE_LIFECYCLE_EVENT', 'nodeLifecycleEvent', atMs, {
			nodeId: base64(this.#nodeId),
			stateTransitions: [
				{
					state: 'DEAD',
					timestamp: formatTime(atMs),
					deathInfo: {reason: 'EXPECTED_TERMINATION', reasonMessage: 'The run ended.'},
				},
			],
		});
	}

	#startReplica(
		{replica, model, atMs}: Extract<RecordEntry, {type: 'replica-started'}>,
		out: EventList,
	): void {
		const known = this.#replicas.get(replica);
		// An id that is used again is that of another process.
		if (known !== undefined) out.changeActor(known, 'DEAD', atMs, {deathCause: {}});
		const actorId = this.#newId(24) + formatJobId(RUN_JOB);
		this.#replicas.set(replica, actorId);
		out.add('ACTOR_DEFINITION_EVENT', 'actorDefinitionEvent', atMs, {
			actorId: base64(actorId),
			jobId: base64(formatJobId(RUN_JOB)),
			name: replica,
			className: model,
			rayNamespace: 'infinisst',
			isDetached: true,
			requiredResources: {CPU: 1},
		});
		out.changeActor(actorId, 'ALIVE', atMs, {
			nodeId: base64(this.#nodeId),
			workerId: base64(this.#workerId),
			pid: this.#run.pid,
			reprName: `${model} ${replica}`,
		});
	}

	#endReplica({replica, atMs, cause}: Extract<RecordEntry, {type: 'replica-ended'}>, out: EventList): void {
		const actorId = this.#replicas.get(replica);
		if (actorId === undefined) return;
		this.#replicas.delete(replica);
		const errorMessage = cause?.message ?? '';
		out.changeActor(actorId, 'DEAD', atMs, {
			deathCause: {actorDiedErrorContext: {errorMessage, name: replica}},
		});
	}

	#openPart(number: number, facts: PartFacts, out: EventList): void {
		const {name, isJob, createdAtMs, model, metadata} = facts;
		const jobId = formatJobId(isJob ? ++this.#jobs : RUN_JOB);
		const submissionId = isJob ? `${name}_${this.#jobs}` : `${name}_${number}`;
		const part: Part = {
			facts,
			jobId,
			taskId: this.#newId(16) + NO_ACTOR + jobId,
			submissionId,
			logPath: `job-driver-${submissionId.replaceAll(/[^\w.-]+/g, '_').slice(-200)}.log`,
			logBytes: 0,
			steps: 0,
			freeSinceMs: createdAtMs,
		};
		this.#parts.set(number, part);
		if (isJob) {
			const entrypoint = describePart(facts);
			this.#openJob(out, jobId, {submissionId, entrypoint, metadata, atMs: createdAtMs});
			out.changeSubmission(submissionId, 'PENDING', createdAtMs);
		}

		out.add('TASK_DEFINITION_EVENT', 'taskDefinitionEvent', createdAtMs, {
			...keyOf(part),
			taskType: 'NORMAL_TASK',
			taskName: name,
			taskFunc: describeFunction(model, 'session'),
			language: 'CPP',
			requiredResources: {},
			serializedRuntimeEnv: '',
		});
		out.changeTask(part, [['PENDING_ARGS_AVAIL', createdAtMs]], {});
	}

	#endPart(
		part: Part,
		{atMs, audioMs, cause}: Extract<RecordEntry, {type: 'part-ended'}>,
		out: EventList,
	): void {
		const {facts, submissionId} = part;
		const {isJob, metadata, createdAtMs} = facts;
		const hasFailed = cause !== undefined && !cause.isStop;
		out.changeTask(part, [[hasFailed ? 'FAILED' : 'FINISHED', atMs]], {
			...this.#place(),
			...(hasFailed && {rayErrorInfo: describeError(cause)}),
		});
		out.addSpan(part, 'session', createdAtMs, atMs, {audio_ms: audioMs, steps: part.steps});
		if (!isJob) return;
		out.defineSubmission(
			submissionId,
			describePart(facts),
			{...metadata, audio_ms: String(Math.round(audioMs))},
			atMs,
		);
		out.changeSubmission(submissionId, stateOf(cause), atMs, cause);
		out.changeJob(part.jobId, 'FINISHED', atMs);
	}

	#addStep(part: Part, update: RecordedUpdate, out: EventList): void {
		const {atMs, audioMs, finalMs, lagMs, finals, segments, characters, texts, work, endsStretch} = update;
		part.steps++;
		const {step, model, replica = work?.replica} = part.facts;
		const actorId = replica === undefined ? undefined : this.#replicas.get(replica);
		const taskId =
			actorId === undefined ? this.#newId(16) + NO_ACTOR + part.jobId : this.#newId(16) + actorId;
		const task = {taskId, jobId: part.jobId};
		const descriptor = describeFunction(model, step);
		const common = {
			...keyOf(task),
			parentTaskId: base64(part.taskId),
			language: 'CPP',
			requiredResources: {},
			serializedRuntimeEnv: '',
		};
		// The last sample came then; the step before may not have been over.
		const readyMs = lagMs === undefined ? part.freeSinceMs : Math.min(atMs, Math.round(atMs - lagMs));
		// Its replica may have done something else first.
		const begunMs = work === undefined ? part.freeSinceMs : Math.round(atMs - work.workMs + work.queueWaitMs);
		const startMs = Math.min(atMs, Math.max(readyMs, begunMs));
		part.freeSinceMs = atMs;
		if (actorId === undefined) {
			out.add('TASK_DEFINITION_EVENT', 'taskDefinitionEvent', startMs, {
				...common,
				taskType: 'NORMAL_TASK',
				taskName: step,
				taskFunc: descriptor,
			});
		} else {
			out.add('ACTOR_TASK_DEFINITION_EVENT', 'actorTaskDefinitionEvent', startMs, {
				...common,
				actorId: base64(actorId),
				actorTaskName: step,
				actorFunc: descriptor,
			});
		}

		const text = formatTexts(texts);
		const bytes = Buffer.from(text, 'utf8');
		out.changeTask(
			task,
			[
				['PENDING_ARGS_AVAIL', readyMs],
				['RUNNING', startMs],
				['FINISHED', atMs],
			],
			{
				...this.#place(),
				...(text !== '' && {
					taskLogInfo: {
						stdoutFile: part.logPath,
						stdoutStart: part.logBytes,
						stdoutEnd: part.logBytes + bytes.length,
					},
				}),
			},
		);
		out.addSpan(task, step, startMs, atMs, {
			audio_ms: audioMs,
			final_ms: finalMs,
			lag_ms: lagMs === undefined ? undefined : Math.round(lagMs),
			wait_ms: startMs - readyMs,
			...(work !== undefined && {
				replica: work.replica,
				queue_wait_ms: Math.round(work.queueWaitMs),
				batch: work.batch,
				batch_size: work.batchSize,
			}),
			finals,
			segments,
			characters,
			...(endsStretch && {ends_stretch: true}),
		});
		if (bytes.length === 0) return;
		out.logPieces.push({nodeId: this.#nodeId, path: part.logPath, offset: part.logBytes, bytes});
		part.logBytes += bytes.length;
	}

	/** Where all tasks run. */
	#place(): Readonly<Record<string, unknown>> {
		return {
			nodeId: base64(this.#nodeId),
			workerId: base64(this.#workerId),
			workerPid: this.#run.pid,
		};
	}

	/** So many hex digits that nobody else has. */
	#newId(digits: number): string {
		return this.#run.seed.slice(0, digits - 8) + (++this.#ids % 2 ** 32).toString(16).padStart(8, '0');
	}
}

/** Neither Python nor Java. */
function describeFunction(model: string, step: string) {
	return {cppFunctionDescriptor: {functionName: `${model}.${step}`}};
}

function stateOf(cause: RecordedCause | undefined): 'SUCCEEDED' | 'STOPPED' | 'FAILED' {
	return cause === undefined ? 'SUCCEEDED' : cause.isStop ? 'STOPPED' : 'FAILED';
}

function describeError({code, message}: RecordedCause) {
	return {errorType: 'TASK_EXECUTION_EXCEPTION', errorMessage: code === '' ? message : `${code}: ${message}`};
}

function describePart({name, model, metadata}: PartFacts): string {
	const {door = 'session', source = 'auto', targets = ''} = metadata;
	return `${door} ${name}: ${source} to ${targets}, ${model}`;
}

/** A line for each target; which it is, where there are several. */
function formatTexts(texts: readonly RecordedText[]): string {
	const lines = new Map<string, string>();
	for (const {target, text} of texts) lines.set(target, (lines.get(target) ?? '') + text);
	return [...lines]
		.map(([target, line]) => `${lines.size > 1 ? `${target}: ` : ''}${line.trim()}\n`)
		.join('');
}

/** As Ray writes the numbers of jobs. */
function formatJobId(number: number): string {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(number % 2 ** 32);
	return bytes.toString('hex');
}
