import {InfinisstError} from '../../core/errors.js';
import {findLanguage} from '../../core/language/language-table.js';
import {parseLanguageRequest} from '../../core/language/parse-language-request.js';
import {formatBytes} from '../../core/models/format-bytes.js';
import type {LanguagePair} from '../models/model-host.js';

/** What an engine is asked for. */
export interface PairRequest {
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	/** Codes, and `same` for captions; all different. */
	readonly targets: readonly string[];
}

/** Of one session. Each costs a translation of all that is said. */
const MAX_TARGETS = 20;

/** Enough to choose from; `GET /languages` has them all. */
const MAX_LISTED = 12;

/** Listed first: those of the original. */
const LISTED_FIRST = ['en', 'zh', 'de', 'es', 'it', 'fr'];

/**
 * What a pair such as `German -> English` asks for; the same language twice are captions. Several languages to write are
 * separated by commas, `English -> German, Spanish`; each may be a whole pair with the same language spoken.
 *
 * @throws {InfinisstError} `OPTION_INVALID` with what there is.
 */
export function parsePair(text: string, pairs: readonly LanguagePair[]): PairRequest {
	try {
		const [first = '', ...others] = text.split(',');
		const {source, target} = parseLanguageRequest({from: first});
		const more = others.map(to => parseLanguageRequest({from: source, to}).target);
		const targets = [target, ...more].map(each => (each === source ? 'same' : each));
		assertFew(targets);
		return {sourceLanguage: source, targets: [...new Set(targets)]};
	} catch (error) {
		if (!InfinisstError.is(error)) throw error;
		throw new InfinisstError(error.code, error.message, {
			hint: [error.hint, describePairs(pairs)].filter(Boolean).join(' '),
			cause: error,
		});
	}
}

/** A list of pairs as one text. */
export function joinPairs(texts: string | readonly string[]): string {
	return typeof texts === 'string' ? texts : texts.join(', ');
}

function assertFew(targets: readonly string[]): void {
	if (targets.length <= MAX_TARGETS) return;
	throw new InfinisstError('OPTION_INVALID', `A session writes ${MAX_TARGETS} languages at most`, {
		hint: 'Open another for more.',
	});
}

/** A pair as clients name it: `German -> English`; captions as `German -> German`. */
export function formatPair({source, target}: Pick<LanguagePair, 'source' | 'target'>): string {
	return `${nameOf(source)} -> ${nameOf(target === 'same' ? source : target)}`;
}

/** One or two sentences: what can be had now, and how to get the rest. */
export function describePairs(pairs: readonly LanguagePair[]): string {
	const here = pairs.filter(({state}) => state !== 'needs_download');
	const elsewhere = pairs.filter(({state}) => state === 'needs_download');
	const sentences = [
		here.length === 0 ? 'No model is installed.' : `Available: ${listPairs(here)}.`,
		...(elsewhere.length === 0
			? []
			: [`To be downloaded first: ${listPairs(elsewhere)}${describeDownloads(elsewhere)}.`]),
		'GET /languages lists them all.',
	];
	return sentences.join(' ');
}

function listPairs(pairs: readonly LanguagePair[]): string {
	const ranked = [...pairs].sort((one, other) => rankOf(one) - rankOf(other));
	const listed = ranked.slice(0, MAX_LISTED).map(formatPair).join(', ');
	const rest = ranked.length - MAX_LISTED;
	return rest > 0 ? `${listed} and ${rest} more` : listed;
}

function describeDownloads(pairs: readonly LanguagePair[]): string {
	const models = new Map(pairs.map(({model, downloadBytes}) => [model, downloadBytes]));
	const list = [...models].map(([model, bytes]) => `infinisst models pull ${model}, ${formatBytes(bytes)}`);
	return ` (${list.slice(0, 3).join('; ')})`;
}

/** Translations before captions, languages people know from the original before others. */
function rankOf({source, target}: LanguagePair): number {
	return (
		(target === 'same' ? 100 : 0) + rankOfLanguage(source) + (target === 'same' ? 0 : rankOfLanguage(target))
	);
}

function rankOfLanguage(code: string): number {
	const place = LISTED_FIRST.indexOf(code);
	return place === -1 ? LISTED_FIRST.length : place;
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
