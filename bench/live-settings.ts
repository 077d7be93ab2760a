/**
 * What the settings of a live session do to text and lag, without transport, queue or clock: how the constants in
 * `latency-settings.ts` were chosen.
 *
 *     npx tsx bench/live-settings.ts --multiplier 2 '{}' '{"keepMs": 0}' '{"holdFrames": 50, "sureHoldFrames": 50}'
 *
 * Each argument is a set of settings that replaces the multiplier's. They are tried in turn, clip by clip, on the whole
 * development set (three minutes each; `--clips` takes names). Lag is from a word's end to the audio that had been heard when it
 * became final: no computation is in it. Needs a build and ../shared.
 */
import {parseArgs} from 'node:util';
import {openModelStore} from '../src/cli/open-model-store.js';
import {openVoiceActivityDetector} from '../src/core/audio/voice-activity.js';
import type {LatencyMultiplier} from '../src/core/engine/engine.js';
import {DEFAULT_PRECISION} from '../src/core/models/precision.js';
import {openInlineWhisperModel} from '../src/core/models/whisper/open-inline-whisper-model.js';
import type {SessionEvent} from '../src/core/session/session-event.js';
import {
	LiveTranslation,
	TICK_SAMPLES,
	type TickResult,
} from '../src/core/translation/live/live-translation.js';
import type {LatencySettings} from '../src/core/translation/policy/latency-settings.js';
import {readDevSet} from './kit/dev-set.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {formatTable} from './kit/table.js';
import {FlickerCount, normalisedErasure} from './live/flicker.js';
import {readClipInput, type LiveInput} from './live/live-input.js';
import type {LiveTask} from './live/live-stream.js';
import type {ReceivedText} from './live/paced-client.js';
import type {InputRun} from './live/run-inputs.js';
import {captionLags, scoreCaptions, scoreTranslations, translationLags} from './live/summaries.js';
import {readWholeFileTexts} from './live/whole-file.js';
import {describeMachine} from './machine.js';

const {values: flags, positionals} = parseArgs({
	allowPositionals: true,
	options: {
		multiplier: {type: 'string', default: '2'},
		task: {type: 'string', default: 'transcribe'},
		clips: {type: 'string'},
		output: {type: 'string', default: defaultResultsPath('live-settings')},
	},
});

const task = flags.task as LiveTask;
const latencyMultiplier = Number(flags.multiplier) as LatencyMultiplier;
const candidates = (positionals.length === 0 ? ['{}'] : positionals).map(text => ({
	settings: JSON.parse(text) as Partial<LatencySettings>,
	runs: [] as InputRun[],
	guards: new Map<string, number>(),
	cpuMs: 0,
}));
type Candidate = (typeof candidates)[number];

const store = openModelStore({env: process.env, cwd: process.cwd()});
const {name: modelName} = await store.pull(store.catalogue.defaultModel);
const graphsDirectory = await store.ensureGraphs(modelName, DEFAULT_PRECISION);
const model = await openInlineWhisperModel({graphsDirectory});
const detector = await openVoiceActivityDetector();
const clips = await readDevSet(flags.clips?.split(','));
const whole = await readWholeFileTexts(clips);

for (const clip of clips) {
	const input = await readClipInput(clip, whole);
	if (task === 'translate' && input.english === undefined) continue;
	for (const candidate of candidates) candidate.runs.push(await listen(input, candidate));
	console.error(clip.file);
}
await model.close();
await detector.close();

const results = candidates.map(({settings, runs, guards, cpuMs}) => {
	const audioMs = runs.reduce((sum, {input}) => sum + input.audioMs, 0);
	return {
		settings,
		lag: task === 'transcribe' ? captionLags(runs, 1) : translationLags(runs, 1),
		quality: task === 'transcribe' ? {captions: scoreCaptions(runs)} : {english: scoreTranslations(runs)},
		normalisedErasure: normalisedErasure(runs.map(({record}) => record.flicker)),
		cpuShare: cpuMs / audioMs,
		guards: Object.fromEntries(guards),
	};
});
const machine = describeMachine();
await writeResults(flags.output, {machine, multiplier: latencyMultiplier, task, results});
const rows = results.map(({settings, lag, quality, normalisedErasure: erasure, cpuShare}) => [
	JSON.stringify(settings),
	'captions' in quality
		? (100 * quality.captions.live.rate).toFixed(2)
		: `${quality.english.live.bleu.toFixed(1)} / ${quality.english.live.chrf.toFixed(1)}`,
	(lag.meanMs / 1000).toFixed(2),
	(lag.p95Ms / 1000).toFixed(2),
	erasure.toFixed(2),
	cpuShare.toFixed(3),
]);
const quality = task === 'transcribe' ? 'error rate' : 'BLEU / chrF';
console.log(JSON.stringify(machine));
console.log(formatTable(['settings', quality, 'mean lag', 'p95', 'flicker', 'CPU s/s'], rows));

async function listen(input: LiveInput, candidate: Candidate): Promise<InputRun> {
	const translation = await LiveTranslation.open(
		{
			sourceLanguage: input.language,
			targets: [task === 'transcribe' ? 'same' : 'en'],
			latencyMultiplier,
			policy: 'align-att',
			partials: true,
			words: true,
			prompt: undefined,
			settings: candidate.settings,
		},
		{
			model,
			detector,
			guard: name => countIn(candidate.guards, name),
			signal: new AbortController().signal,
		},
	);
	const finals: ReceivedText[] = [];
	const flicker = new FlickerCount(task === 'transcribe' ? input.language : 'en');
	let transcript = '';
	const take = ({events}: TickResult): void => {
		for (const event of events) {
			if (event.type === 'text-final') {
				transcript += event.text;
				finals.push(...receive(event));
			}
			if (event.type === 'text-final') flicker.show(transcript);
			else if (event.type === 'text-partial') flicker.show(transcript + event.text);
		}
	};
	const before = process.cpuUsage();
	translation.push(input.samples.slice());
	while (translation.endSample - translation.heardSample >= TICK_SAMPLES) take(await translation.tick());
	take(await translation.finish(translation.endSample, true));
	const {user, system} = process.cpuUsage(before);
	candidate.cpuMs += (user + system) / 1000;
	flicker.end(transcript);
	const record = {
		finals,
		audioMs: input.audioMs,
		wallMs: 0,
		worstDelayMs: 0,
		retractedCharacters: 0,
		flicker,
		isComplete: true,
	};
	return {input, record};
}

function countIn(counts: Map<string, number>, name: string): void {
	counts.set(name, (counts.get(name) ?? 0) + 1);
}

function receive(event: SessionEvent & {readonly type: 'text-final'}): ReceivedText[] {
	return (event.words ?? []).map(({text, endMs}) => ({
		text,
		endMs,
		audioMs: event.audioMs,
		atMs: event.audioMs,
	}));
}
