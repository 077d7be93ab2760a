import {InfinisstError} from '../../core/errors.js';
import {findLanguage} from '../../core/language/language-table.js';
import {closestNames} from '../../core/util/closest-names.js';
import {combineFacts} from './combine-models.js';
import type {ModelFacts} from './model-facts.js';
import type {HostedModel, LanguagePair, ModelRequest, ModelState} from './model-host.js';

/** A model as it competes for a request. */
export type ModelCandidate = HostedModel & ModelFacts;

/** Of all that can be translated through it, pairs without English are not listed: they are very many. */
const LISTED_LANGUAGE = 'en';

/**
 * The model that serves a request soonest: one that is loaded before one that is being loaded before one that is
 * installed before one to fetch, one that failed after its like; among equals the first. Several languages that no
 * installed model writes alone are written by a combination of those that write each of them, unless more is to be
 * fetched for that.
 *
 * @param candidates - those preferred first.
 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`, naming what is possible; `MODEL_UNKNOWN`.
 */
export function chooseModel(candidates: readonly ModelCandidate[], request: ModelRequest): ModelCandidate {
	const {model: wanted} = request;
	if (wanted !== undefined) {
		const model = candidates.find(({name}) => name === wanted);
		if (model === undefined) throw unknownModel(wanted, candidates);
		if (canTranslate(model, request)) return model;
		throw unsupported(wanted, [model], request);
	}

	const [alone] = rank(candidates.filter(model => canTranslate(model, request)));
	const best = alone?.isInstalled === true ? alone : fetchLess(alone, combine(candidates, request));
	if (best === undefined) throw unsupported('No model here', candidates, request);
	return best;
}

function fetchLess(
	alone: ModelCandidate | undefined,
	combined: ModelCandidate | undefined,
): ModelCandidate | undefined {
	if (alone === undefined || combined === undefined) return alone ?? combined;
	return downloadBytesOf(combined) < downloadBytesOf(alone) ? combined : alone;
}

/** A model that is not there yet: one that hears, with all that its text must be translated by. */
function combine(candidates: readonly ModelCandidate[], request: ModelRequest): ModelCandidate | undefined {
	const {sourceLanguage, targets} = request;
	const chosen: ModelCandidate[] = [];
	for (const target of targets) {
		const hearing = chosen[0]?.parts[0]?.name;
		const able = candidates.filter(
			model =>
				canTranslate(model, {sourceLanguage, targets: [target]}) &&
				(hearing === undefined || model.parts[0]?.name === hearing),
		);
		const [best] = rank(able.sort((a, b) => downloadBytesOf(a) - downloadBytesOf(b)));
		if (best === undefined) return undefined;
		chosen.push(best);
	}
	if (chosen.length < 2) return undefined;
	const facts = combineFacts(chosen);
	const state = facts.isInstalled ? 'available' : 'needs_download';
	return {...facts, state, activity: undefined, fraction: undefined, failure: undefined};
}

/**
 * All pairs that some model can do, with the one that {@link chooseModel} would take; of translations those from and
 * into English.
 */
export function listPairs(candidates: readonly ModelCandidate[]): LanguagePair[] {
	const pairs = new Map<string, LanguagePair>();
	for (const model of rank(candidates)) {
		for (const source of model.sourceLanguages) {
			for (const target of model.targets) {
				const key = `${source} ${target}`;
				if (target === source || pairs.has(key) || !isListed(source, target)) continue;
				pairs.set(key, {
					source,
					target,
					state: stateOfPair(model),
					model: model.name,
					downloadBytes: downloadBytesOf(model),
				});
			}
		}
	}
	return [...pairs.values()];
}

function downloadBytesOf({parts}: ModelCandidate): number {
	return parts.reduce((sum, {isInstalled, sizeBytes}) => sum + (isInstalled ? 0 : sizeBytes), 0);
}

function isListed(source: string, target: string): boolean {
	return [source, target].includes(LISTED_LANGUAGE) || target === 'same';
}

const RANKS: Readonly<Record<Exclude<ModelState, 'failed'>, number>> = {
	loaded: 0,
	loading: 1,
	available: 2,
	needs_download: 4,
};

function rank(candidates: readonly ModelCandidate[]): ModelCandidate[] {
	const rankOf = ({state, isInstalled}: ModelCandidate): number =>
		state === 'failed' ? RANKS[isInstalled ? 'available' : 'needs_download'] + 1 : RANKS[state];
	// Keeps the order of equals.
	return [...candidates].sort((a, b) => rankOf(a) - rankOf(b));
}

function stateOfPair({state, isInstalled}: ModelCandidate): LanguagePair['state'] {
	if (state === 'loaded') return 'loaded';
	return isInstalled ? 'available' : 'needs_download';
}

function canTranslate(model: HostedModel, {sourceLanguage, targets}: ModelRequest): boolean {
	if (sourceLanguage !== 'auto' && !model.sourceLanguages.includes(sourceLanguage)) return false;
	return targets.every(target => model.targets.includes(target === sourceLanguage ? 'same' : target));
}

function unknownModel(name: string, models: readonly HostedModel[]): InfinisstError {
	const known = models.map(model => model.name);
	const [closest] = closestNames(name, known);
	const meant = closest === undefined ? '' : `; did you mean "${closest}"?`;
	return new InfinisstError('MODEL_UNKNOWN', `No model "${name}" is known here${meant}`, {
		// A server lists dozens: who has mistyped one wants that one.
		hint: closest === undefined ? `There are ${known.join(', ')}.` : 'GET /v1/models lists them all.',
	});
}

function unsupported(
	who: string,
	models: readonly HostedModel[],
	{sourceLanguage, targets}: ModelRequest,
): InfinisstError {
	const isUnderstood =
		sourceLanguage === 'auto' || models.some(model => model.sourceLanguages.includes(sourceLanguage));
	const source = sourceLanguage === 'auto' ? 'speech' : nameOf(sourceLanguage);
	const wanted = targets
		.filter(target => target !== 'same' && target !== sourceLanguage)
		.map(nameOf)
		.join(' and ');
	let problem = `${who} understands ${source}`;
	if (isUnderstood) {
		problem =
			wanted === '' ? `${who} writes captions of ${source}` : `${who} translates ${source} into ${wanted}`;
	}
	// "No model here translates", but "whisper-base does not translate".
	const message = who.startsWith('No ') ? problem : negate(problem, who);
	return new InfinisstError('LANGUAGE_PAIR_UNSUPPORTED', message, {hint: `${describePossible(models)}.`});
}

function negate(sentence: string, who: string): string {
	const [verb = '', ...rest] = sentence.slice(who.length + 1).split(' ');
	return `${who} does not ${verb.replace(/s$/, '')} ${rest.join(' ')}`;
}

/** What can be asked for instead. */
function describePossible(models: readonly HostedModel[]): string {
	const sources = [...new Set(models.flatMap(({sourceLanguages}) => sourceLanguages))];
	const targets = [...new Set(models.flatMap(model => model.targets))];
	const written = targets.filter(target => target !== 'same').map(nameOf);
	const ways = [
		...(targets.includes('same') ? ['captions in the language spoken (target "same")'] : []),
		...(written.length > 0 ? [`translations into ${written.join(', ')}`] : []),
	];
	if (ways.length === 0) return 'No model is installed or known';
	const spoken = sources.length <= 8 ? sources.map(nameOf).join(', ') : `${sources.length} languages`;
	return `Possible from ${spoken}: ${ways.join(', and ')}`;
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
