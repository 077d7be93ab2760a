import {InfinisstError} from '../errors.js';
import {closestNames} from '../util/closest-names.js';
import {LANGUAGES, type Language} from './language-table.js';

const languagesByName: ReadonlyMap<string, Language> = new Map(
	LANGUAGES.flatMap(language =>
		[language.code, language.name, language.nativeName, ...(language.otherNames ?? [])].map(
			name => [fold(name), language] as const,
		),
	),
);

/**
 * A language from what people write: Whisper's code (`de`), an ISO 639 code of three letters (`deu`, `ger`),
 * a locale (`zh-CN`, `pt_BR`: the language alone counts), an English name or the language's own name.
 * Case and accents do not matter.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, naming the closest languages.
 */
export function parseLanguage(text: string): Language {
	const language = languagesByName.get(fold(text)) ?? parseLocale(text);
	if (language !== undefined) return language;
	throw new InfinisstError('OPTION_INVALID', `"${text}" is not a language known here`, {
		hint: suggestLanguages(text),
	});
}

/** One of the languages whose name, code or locale this is, else undefined. */
function parseLocale(text: string): Language | undefined {
	try {
		// Also turns three-letter codes and withdrawn ones into those of the table: `deu` -> `de`.
		const locale = new Intl.Locale(text.trim().replaceAll('_', '-'));
		return languagesByName.get(locale.language);
	} catch {
		return undefined;
	}
}

function suggestLanguages(text: string): string {
	const names = closestNames(
		text.trim(),
		LANGUAGES.flatMap(({name, nativeName}) => (name === nativeName ? [name] : [name, nativeName])),
	);
	const languages = new Set(names.map(name => languagesByName.get(fold(name))!));
	const list = [...languages].map(({name, code}) => `${name} (${code})`).join(', ');
	return list === '' ? 'Give a code such as de, or an English name such as German.' : `The closest: ${list}.`;
}

function fold(name: string): string {
	return name.trim().normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
