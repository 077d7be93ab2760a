import {
	speechCapabilities,
	textCapabilities,
	toTextModelOptions,
} from '../../../core/engine/chain/model-abilities.js';
import {routeTarget} from '../../../core/engine/chain/route-target.js';
import {InfinisstError} from '../../../core/errors.js';
import {
	resolveSpeechTask,
	type SpeechModelAbilities,
	type SpeechTask,
} from '../../../core/language/resolve-speech-task.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import type {ModelEventListener} from '../../../core/models/model-event.js';
import type {InstalledModel, ModelStore, ModelSummary} from '../../../core/models/model-store.js';
import {joinCombination, splitCombination} from '../../../core/models/store/combination.js';
import type {TextModelOptions} from '../../../core/translation/text/open-text-translator.js';
import type {TextTranslatorCapabilities} from '../../../core/translation/text/text-translator.js';
import {ensureInstalledModel} from '../../ensure-installed-model.js';
import type {TranslateOptions} from './translate-options.js';

/** A language that is written, and how. */
export interface ReadyTarget {
	/** A code, or `same` for captions. */
	readonly target: string;
	/** What the model that hears is asked for. */
	readonly task: SpeechTask;
	/** What that is translated by. */
	readonly text?: {readonly model: string; readonly sourceLanguage: string};
}

export interface ReadyModel {
	/** All of its models, joined by `+`. */
	readonly name: string;
	/** One for each language wanted; no two alike. */
	readonly targets: readonly ReadyTarget[];
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	/** Of the model that hears, absolute. */
	readonly graphsDirectory: string;
	/** Models of texts, in the order of the targets that they are for. */
	readonly texts: readonly TextModelOptions[];
}

export interface EnsureModelContext {
	readonly store: ModelStore;
	/** True if somebody watches who would see a download. */
	readonly isWatched: boolean;
	readonly onEvent: ModelEventListener;
	readonly signal: AbortSignal;
}

type EnsureOptions = Pick<
	TranslateOptions,
	'model' | 'precision' | 'languages' | 'download' | 'textSettings'
>;

/** A model of texts as routes are sought among them. */
interface TextCandidate {
	readonly capabilities: TextTranslatorCapabilities;
}

/**
 * Makes the models ready to run, if they can do what is wanted: that is asked first, before anything is
 * fetched or built. A missing model is fetched with `--download`, and without it if somebody is watching.
 *
 * @throws {InfinisstError} `OPTION_INVALID`; `LANGUAGE_PAIR_UNSUPPORTED`; `MODEL_UNKNOWN`; `MODEL_UNAVAILABLE` if one is missing
 * and may not be fetched, or no source delivers it; what else `pull()` and `ensureGraphs()` throw.
 */
export async function ensureModel(options: EnsureOptions, context: EnsureModelContext): Promise<ReadyModel> {
	const {store} = context;
	const [hearing = store.catalogue.defaultModel, ...named] =
		options.model === undefined ? [] : splitCombination(options.model);
	if (options.model !== undefined) await assertHears(hearing, store);
	const texts = await findTexts(named, options, store);
	const plan = (abilities: SpeechModelAbilities): ReadyTarget[] =>
		planTargets(options.languages, abilities, texts);
	const installing = {...context, mayFetch: options.download ?? context.isWatched};
	const model = await ensureInstalledModel(hearing, {
		...installing,
		// Before it is fetched, where the catalogue knows.
		check: async abilities => {
			const missing = await listMissing([hearing, ...namesOfTexts(plan(abilities))], store);
			if (missing.length > 1 && !installing.mayFetch) throw notInstalled(missing);
		},
	});
	const targets = plan(model);
	const needed = namesOfTexts(targets);
	const ready: TextModelOptions[] = [];
	for (const name of needed) {
		const text = await ensureInstalledModel(name, installing);
		const graphsDirectory = await build(text, options, context);
		ready.push({...toTextModelOptions(text, graphsDirectory), ...options.textSettings});
	}

	return {
		name: joinCombination([model.name, ...needed]),
		targets,
		sourceLanguage: targets[0]!.task.sourceLanguage,
		graphsDirectory: await build(model, options, context),
		texts: ready,
	};
}

function namesOfTexts(targets: readonly ReadyTarget[]): readonly string[] {
	return [...new Set(targets.flatMap(({text}) => (text === undefined ? [] : [text.model])))];
}

async function listMissing(names: readonly string[], store: ModelStore): Promise<readonly ModelSummary[]> {
	return (await store.list()).filter(({name, isInstalled}) => names.includes(name) && !isInstalled);
}

/** So that nobody fetches one to be told of the next. */
function notInstalled(missing: readonly ModelSummary[]): InfinisstError {
	const names = missing.map(({name}) => name);
	const sizeBytes = missing.reduce((sum, model) => sum + model.sizeBytes, 0);
	return new InfinisstError('MODEL_UNAVAILABLE', `The models ${names.join(', ')} are not installed`, {
		hint: `Run "infinisst models pull ${names.join(' ')}" (${formatBytes(sizeBytes)}), or add --download.`,
	});
}

function build(
	{name}: InstalledModel,
	{precision}: EnsureOptions,
	{store, onEvent, signal}: EnsureModelContext,
): Promise<string> {
	return store.ensureGraphs(name, precision, {onEvent, signal});
}

/** @throws {InfinisstError} `OPTION_INVALID` for a model of texts where one that hears is wanted. */
async function assertHears(name: string, store: ModelStore): Promise<void> {
	const model = (await store.list()).find(summary => summary.name === name);
	if (model === undefined || model.family === 'whisper') return;
	throw new InfinisstError('OPTION_INVALID', `${name} translates text and hears nothing`, {
		hint: `Name what hears before it: --model ${joinCombination([store.catalogue.defaultModel, name])}.`,
	});
}

/** Those that were named, else all that are known: what is installed first, then the smallest. */
async function findTexts(
	named: readonly string[],
	{languages}: EnsureOptions,
	store: ModelStore,
): Promise<readonly TextCandidate[]> {
	// Without a language that Whisper cannot write, nobody needs them.
	if (named.length === 0 && languages.every(({source, target}) => isWritten(source, target))) return [];
	const all = (await store.list()).filter(({family}) => family !== 'whisper');
	if (named.length === 0) return [...all].sort(bySoonest).map(toCandidate);
	return named.map(name => {
		const known = all.find(summary => summary.name === name);
		if (known !== undefined) return toCandidate(known);
		throw new InfinisstError('MODEL_UNKNOWN', `"${name}" is no model that translates text`, {
			hint: 'Name what hears first, and behind a + what translates: see "infinisst models list".',
		});
	});
}

function isWritten(source: string, target: string): boolean {
	return target === 'same' || target === 'en' || target === source;
}

function toCandidate(model: ModelSummary): TextCandidate {
	return {capabilities: textCapabilities(model)};
}

function bySoonest(one: ModelSummary, other: ModelSummary): number {
	return Number(other.isInstalled) - Number(one.isInstalled) || one.sizeBytes - other.sizeBytes;
}

/** English captions of English are wanted once, whatever they are called. */
function planTargets(
	languages: TranslateOptions['languages'],
	abilities: SpeechModelAbilities,
	texts: readonly TextCandidate[],
): ReadyTarget[] {
	const targets = new Map<string, ReadyTarget>();
	for (const request of languages) {
		const planned = planTarget(request, abilities, texts);
		targets.set(planned.target, planned);
	}

	return [...targets.values()];
}

function planTarget(
	request: TranslateOptions['languages'][number],
	abilities: SpeechModelAbilities,
	texts: readonly TextCandidate[],
): ReadyTarget {
	const {source, target} = request;
	if (isWritten(source, target) || texts.length === 0) {
		const task = resolveSpeechTask(request, abilities);
		return {target: task.targetLanguage, task};
	}

	const {heard, text} = routeTarget(request, speechCapabilities(abilities), texts);
	const task = resolveSpeechTask({source, target: heard}, abilities);
	return {
		target,
		task,
		...(text !== undefined && {
			text: {model: text.translator.capabilities.model, sourceLanguage: text.sourceLanguage},
		}),
	};
}
