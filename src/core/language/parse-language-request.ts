import {InfinisstError} from '../errors.js';
import {findLanguage} from './language-table.js';
import {parseLanguage} from './parse-language.js';

/** Which translation is wanted, in Whisper's language codes. */
export interface LanguageRequest {
	/** `auto`: whatever is spoken. */
	readonly source: string;
	/** `same`: captions in the spoken language. */
	readonly target: string;
}

const pairArrow = /\s*(?:->|=>|→|\s+to\s+)\s*/i;

/**
 * What is wanted, from two texts of which either may be a language, a whole pair (`German -> English`,
 * `de → en`, `German to English`, `de-en`) or absent.
 *
 * @param texts - `from` also takes `auto` (the default), `to` also takes `same`; `to` is `en` by default.
 * @throws {InfinisstError} `OPTION_INVALID` for an unknown language, or two texts that contradict each other.
 */
export function parseLanguageRequest(texts: {
	readonly from?: string | undefined;
	readonly to?: string | undefined;
}): LanguageRequest {
	const from = parseSide(texts.from, 'source');
	const to = parseSide(texts.to, 'target');
	return {
		source: agree(from.source, to.source) ?? 'auto',
		target: agree(from.target, to.target) ?? 'en',
	};
}

function parseSide(text: string | undefined, side: keyof LanguageRequest): Partial<LanguageRequest> {
	if (text === undefined) return {};
	const pair = splitPair(text);
	if (pair === undefined) return {[side]: parseOneLanguage(text, side)};
	return {source: parseOneLanguage(pair[0], 'source'), target: parseOneLanguage(pair[1], 'target')};
}

function parseOneLanguage(text: string, side: keyof LanguageRequest): string {
	const word = text.trim().toLowerCase();
	if (word === (side === 'source' ? 'auto' : 'same')) return word;
	if (word === 'auto' || word === 'same') {
		throw new InfinisstError(
			'OPTION_INVALID',
			side === 'source'
				? '"same" is no language that can be spoken'
				: '"auto" is no language to translate into',
			{hint: 'Use auto for the language spoken, same for captions in that language.'},
		);
	}

	return parseLanguage(text).code;
}

function splitPair(text: string): readonly [string, string] | undefined {
	const sides = text.trim().split(pairArrow);
	if (sides.length === 2) return [sides[0]!, sides[1]!];
	if (sides.length > 2) {
		throw new InfinisstError('OPTION_INVALID', `"${text}" names more than two languages`, {
			hint: 'Write one pair, such as "German -> English".',
		});
	}

	return splitCodes(text.trim());
}

/** `de-en` is a pair, `pt-BR` is Portuguese, and `en-de` could be either: that one is refused. */
function splitCodes(text: string): readonly [string, string] | undefined {
	const match = /^([a-z]{2,3})-([a-z]{2,3})$/.exec(text);
	if (match === null) return undefined;
	const [, source, target] = match as unknown as [string, string, string];
	if (findLanguage(source) === undefined || findLanguage(target) === undefined || source === target) {
		return undefined;
	}

	if (isRegion(target)) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`"${text}" may be a pair of languages or a language of a country`,
			{
				hint: `Write "${source} -> ${target}" or "${source}-${target.toUpperCase()}".`,
			},
		);
	}

	return [source, target];
}

function isRegion(code: string): boolean {
	const region = code.toUpperCase();
	return (
		region.length === 2 &&
		new Intl.DisplayNames('en', {type: 'region', fallback: 'none'}).of(region) !== undefined
	);
}

function agree(first: string | undefined, second: string | undefined): string | undefined {
	if (first !== undefined && second !== undefined && first !== second) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`The languages contradict each other: ${first} and ${second}`,
			{
				hint: 'Name each language once.',
			},
		);
	}

	return first ?? second;
}
