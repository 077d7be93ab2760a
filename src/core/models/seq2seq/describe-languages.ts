import {InfinisstError} from '../../errors.js';
import {FLORES_CODES} from '../../language/flores-codes.js';
import {LANGUAGES} from '../../language/language-table.js';
import {parseLanguage} from '../../language/parse-language.js';
import type {JsonObject} from './model-folder.js';
import type {Seq2seqDescription} from './seq2seq-description.js';
import type {TokenIds} from './vocabulary.js';

export type LanguageFacts = Pick<Seq2seqDescription, 'sources' | 'targets' | 'targetTokenIn'>;

/**
 * What languages a model knows, by the tokens of its vocabulary (`>>deu<<`, `__de__`, `deu_Latn`), or else by its name
 * (`opus-mt-en-de`). Languages that are not in this program's table are left out.
 *
 * @param tokenizerConfig - of `tokenizer_config.json`, where Marian models say their languages.
 * @param names - what the model may be called, the surest first.
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the languages are not told.
 */
export function describeLanguages(
	special: TokenIds,
	tokenizerConfig: JsonObject,
	names: readonly string[],
): LanguageFacts {
	const m2m = languageTokens(special, /^__(\w+)__$/);
	if (m2m.size > 0) return manyToMany(m2m);
	const flores = floresTokens(special);
	if (flores.size > 0) return manyToMany(flores);
	const named = nameLanguages(tokenizerConfig, names);
	const marian = languageTokens(special, /^>>(\w+)<<$/);
	const targets =
		marian.size > 0
			? Object.fromEntries(marian)
			: Object.fromEntries(parseGroup(named.target).map(code => [code, null]));
	const sources = parseGroup(named.source).filter(
		code => marian.size > 0 || Object.keys(targets).length > 1 || !(code in targets),
	);
	return {
		sources: Object.fromEntries(sources.map(code => [code, null])),
		targets,
		targetTokenIn: 'source',
	};
}

function manyToMany(tokens: ReadonlyMap<string, number>): LanguageFacts {
	const languages = Object.fromEntries(tokens);
	return {sources: languages, targets: languages, targetTokenIn: 'target'};
}

/**
 * By code. Where there are several for one language: the one that is called as the code is, else the one in the script
 * that this program writes the language in, else one without a script, else the first.
 */
function languageTokens(special: TokenIds, pattern: RegExp): Map<string, number> {
	const found = new Map<string, {readonly id: number; readonly rank: number}>();
	for (const [text, id] of special) {
		const written = pattern.exec(text)?.[1];
		const code = written && codeOf(written);
		if (!code) continue;
		const rank = rankOf(written, code);
		if (rank > (found.get(code)?.rank ?? -1)) found.set(code, {id, rank});
	}
	return new Map([...found].map(([code, {id}]) => [code, id]));
}

/** @param written - such as `zh`, `cmn_Hans` or `cmn`. */
function rankOf(written: string, code: string): number {
	if (written === code) return 3;
	const [, script] = written.split('_');
	if (script === undefined) return 1;
	return FLORES_CODES[code]?.endsWith(`_${script}`) === true ? 2 : 0;
}

function floresTokens(special: TokenIds): Map<string, number> {
	const found = new Map<string, number>();
	for (const [code, flores] of Object.entries(FLORES_CODES)) {
		const id = special.get(flores);
		if (id !== undefined) found.set(code, id);
	}
	return found;
}

function nameLanguages(
	{source_lang: source, target_lang: target}: JsonObject,
	names: readonly string[],
): {source: string; target: string} {
	if (typeof source === 'string' && typeof target === 'string' && source !== '' && target !== '')
		return {source, target};
	for (const name of names) {
		const match = /opus-mt-(?:tc-[a-z]+-)?([A-Za-z_]+)-([A-Za-z_]+)$/.exec(name);
		if (match) return {source: match[1]!, target: match[2]!};
	}
	throw new InfinisstError('MODEL_UNSUPPORTED', 'The languages of the translation model are not told.', {
		hint: 'Write "source_lang" and "target_lang" into its tokenizer_config.json, or call its folder opus-mt-SOURCE-TARGET.',
	});
}

/** Codes of a language or, for "mul", of all. */
function parseGroup(name: string): string[] {
	if (name === 'mul') return LANGUAGES.map(({code}) => code);
	const code = codeOf(name);
	if (code !== undefined) return [code];
	throw new InfinisstError('MODEL_UNSUPPORTED', `The translation model is of languages called "${name}".`, {
		hint: 'Write one language as "source_lang" or "target_lang" into its tokenizer_config.json.',
	});
}

function codeOf(written: string): string | undefined {
	try {
		return parseLanguage(written).code;
	} catch {
		return undefined;
	}
}
