/**
 * Kills replica processes in the middle of live sessions, and measures how long the sessions pause; says whether a
 * word was lost or doubled. Needs a build (`npm run build`).
 *
 *     npm run bench:failover -- --kills 100
 */
import {parseArgs} from 'node:util';
import {openModelStore} from '../src/cli/open-model-store.js';
import type {LatencyMultiplier} from '../src/core/engine/engine.js';
import {whisperReplicaModule} from '../src/core/engine/whisper-replica-module.js';
import {DEFAULT_PRECISION} from '../src/core/models/precision.js';
import {readDevSet} from './kit/dev-set.js';
import {runFailover} from './kit/failover-run.js';
import {readSamples} from './kit/read-samples.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {median, quantile} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

/** So that sessions begin and end in between, too. */
const LONGEST_CLIP_SECONDS = 30;

const {values: flags} = parseArgs({
	options: {
		kills: {type: 'string', default: '100'},
		replicas: {type: 'string', default: '2'},
		sessions: {type: 'string', default: '8'},
		speed: {type: 'string', default: '1'},
		latency: {type: 'string', default: '1'},
		seed: {type: 'string', default: '1'},
		output: {type: 'string', default: defaultResultsPath('failover')},
	},
});

const store = openModelStore({env: process.env, cwd: process.cwd()});
const {name: model} = await store.pull(store.catalogue.defaultModel);
const graphsDirectory = await store.ensureGraphs(model, DEFAULT_PRECISION);
const machine = describeMachine();
const set = (await readDevSet()).filter(({seconds}) => seconds <= LONGEST_CLIP_SECONDS);
const clips: Float32Array[] = [];
for (let index = 0; index < Number(flags.sessions); index++)
	clips.push(await readSamples(set[index % set.length]!.path));

const run = await runFailover({
	describeReplica: id => whisperReplicaModule({graphsDirectory, id, model}),
	replicas: Number(flags.replicas),
	kills: Number(flags.kills),
	clips,
	options: {
		sourceLanguage: 'auto',
		targets: ['same'],
		latencyMultiplier: Number(flags.latency) as LatencyMultiplier,
	},
	speed: Number(flags.speed),
	seed: Number(flags.seed),
	onKill: ({replica, sessions}) => {
		const worstMs = Math.max(0, ...sessions.map(({silenceMs}) => silenceMs));
		console.error(
			`${replica} killed: ${sessions.length} sessions, longest silence ${Math.round(worstMs)} ms`,
		);
	},
});

const pauses = run.kills.flatMap(({sessions}) => sessions);
const figures = {
	reopenMs: summarise(pauses.map(({reopenMs}) => reopenMs)),
	silenceMs: summarise(pauses.map(({silenceMs}) => silenceMs)),
};
console.log(JSON.stringify(machine));
console.log(
	`${model} ${DEFAULT_PRECISION}, ${flags.replicas} processes, ${flags.sessions} sessions at ${flags.speed}x, ` +
		`latency ${flags.latency}: ${run.kills.length} kills, ${pauses.length} sessions interrupted`,
);
console.log(
	formatTable(
		['pause, ms', 'median', 'p95', 'longest'],
		[
			['until another replica knew all', ...formatRow(figures.reopenMs)],
			['until something was said again', ...formatRow(figures.silenceMs)],
		],
	),
);
console.log(
	`${run.sessions} sessions ended, ${Math.round(run.audioMs / 1000)} s of audio, ${run.finals} finals; ` +
		`${run.differences.length} said anything else than undisturbed`,
);
for (const difference of run.differences) console.log(difference);
const {output, ...asked} = flags;
await writeResults(output, {machine, flags: asked, model, precision: DEFAULT_PRECISION, figures, ...run});
process.exitCode = run.differences.length === 0 ? 0 : 1;

function summarise(values: readonly number[]): {median: number; p95: number; longest: number} {
	return {median: median(values), p95: quantile(values, 0.95), longest: Math.max(...values)};
}

function formatRow(figure: {median: number; p95: number; longest: number}): string[] {
	return [figure.median, figure.p95, figure.longest].map(ms => ms.toFixed(0));
}
