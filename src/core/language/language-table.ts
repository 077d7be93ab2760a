/** A language the Whisper models know. */
export interface Language {
	/** Whisper's own code: ISO 639-1, else 639-3; Javanese is `jw` there, for `jv`. */
	readonly code: string;
	readonly name: string;
	readonly nativeName: string;
	/** Further names and codes people use; a language has no two of them in common with another. */
	readonly otherNames?: readonly string[];
	/**
	 * What the language is counted and broken in: `character` where words are not set apart by spaces.
	 * Error rates are then counted in characters (CER) and lines are broken between dictionary words.
	 * @default 'word'
	 */
	readonly unit?: 'word' | 'character';
	/** True where one sentence follows the next without a space. @default false */
	readonly joinsWithoutSpaces?: boolean;
}

/**
 * All 100 languages, in the order of Whisper's language tokens (github.com/openai/whisper, tokenizer.py).
 * The last one, Cantonese, is known to large-v3 and large-v3-turbo only. Names: Unicode CLDR.
 */
export const LANGUAGES: readonly Language[] = [
	{code: 'en', name: 'English', nativeName: 'English'},
	{
		code: 'zh',
		name: 'Chinese',
		nativeName: '中文',
		otherNames: ['Mandarin'],
		unit: 'character',
		joinsWithoutSpaces: true,
	},
	{code: 'de', name: 'German', nativeName: 'Deutsch'},
	{code: 'es', name: 'Spanish', nativeName: 'español', otherNames: ['Castilian']},
	{code: 'ru', name: 'Russian', nativeName: 'русский'},
	{code: 'ko', name: 'Korean', nativeName: '한국어'},
	{code: 'fr', name: 'French', nativeName: 'français'},
	{code: 'ja', name: 'Japanese', nativeName: '日本語', unit: 'character', joinsWithoutSpaces: true},
	{code: 'pt', name: 'Portuguese', nativeName: 'português'},
	{code: 'tr', name: 'Turkish', nativeName: 'Türkçe'},
	{code: 'pl', name: 'Polish', nativeName: 'polski'},
	{code: 'ca', name: 'Catalan', nativeName: 'català', otherNames: ['Valencian']},
	{code: 'nl', name: 'Dutch', nativeName: 'Nederlands', otherNames: ['Flemish']},
	{code: 'ar', name: 'Arabic', nativeName: 'العربية'},
	{code: 'sv', name: 'Swedish', nativeName: 'svenska'},
	{code: 'it', name: 'Italian', nativeName: 'italiano'},
	{code: 'id', name: 'Indonesian', nativeName: 'Bahasa Indonesia'},
	{code: 'hi', name: 'Hindi', nativeName: 'हिन्दी'},
	{code: 'fi', name: 'Finnish', nativeName: 'suomi'},
	{code: 'vi', name: 'Vietnamese', nativeName: 'Tiếng Việt'},
	{code: 'he', name: 'Hebrew', nativeName: 'עברית', otherNames: ['iw']},
	{code: 'uk', name: 'Ukrainian', nativeName: 'українська'},
	{code: 'el', name: 'Greek', nativeName: 'Ελληνικά', otherNames: ['Modern Greek']},
	{code: 'ms', name: 'Malay', nativeName: 'Bahasa Melayu'},
	{code: 'cs', name: 'Czech', nativeName: 'čeština'},
	{code: 'ro', name: 'Romanian', nativeName: 'română', otherNames: ['Moldavian', 'Moldovan']},
	{code: 'da', name: 'Danish', nativeName: 'dansk'},
	{code: 'hu', name: 'Hungarian', nativeName: 'magyar'},
	{code: 'ta', name: 'Tamil', nativeName: 'தமிழ்'},
	{code: 'no', name: 'Norwegian', nativeName: 'norsk', otherNames: ['Bokmål', 'nb']},
	{code: 'th', name: 'Thai', nativeName: 'ไทย', unit: 'character'},
	{code: 'ur', name: 'Urdu', nativeName: 'اردو'},
	{code: 'hr', name: 'Croatian', nativeName: 'hrvatski'},
	{code: 'bg', name: 'Bulgarian', nativeName: 'български'},
	{code: 'lt', name: 'Lithuanian', nativeName: 'lietuvių'},
	{code: 'la', name: 'Latin', nativeName: 'Latina'},
	{code: 'mi', name: 'Maori', nativeName: 'Māori'},
	{code: 'ml', name: 'Malayalam', nativeName: 'മലയാളം'},
	{code: 'cy', name: 'Welsh', nativeName: 'Cymraeg'},
	{code: 'sk', name: 'Slovak', nativeName: 'slovenčina'},
	{code: 'te', name: 'Telugu', nativeName: 'తెలుగు'},
	{code: 'fa', name: 'Persian', nativeName: 'فارسی', otherNames: ['Farsi']},
	{code: 'lv', name: 'Latvian', nativeName: 'latviešu'},
	{code: 'bn', name: 'Bengali', nativeName: 'বাংলা', otherNames: ['Bangla']},
	{code: 'sr', name: 'Serbian', nativeName: 'српски'},
	{code: 'az', name: 'Azerbaijani', nativeName: 'azərbaycan'},
	{code: 'sl', name: 'Slovenian', nativeName: 'slovenščina'},
	{code: 'kn', name: 'Kannada', nativeName: 'ಕನ್ನಡ'},
	{code: 'et', name: 'Estonian', nativeName: 'eesti'},
	{code: 'mk', name: 'Macedonian', nativeName: 'македонски'},
	{code: 'br', name: 'Breton', nativeName: 'brezhoneg'},
	{code: 'eu', name: 'Basque', nativeName: 'euskara'},
	{code: 'is', name: 'Icelandic', nativeName: 'íslenska'},
	{code: 'hy', name: 'Armenian', nativeName: 'հայերեն'},
	{code: 'ne', name: 'Nepali', nativeName: 'नेपाली'},
	{code: 'mn', name: 'Mongolian', nativeName: 'монгол'},
	{code: 'bs', name: 'Bosnian', nativeName: 'bosanski'},
	{code: 'kk', name: 'Kazakh', nativeName: 'қазақша'},
	{code: 'sq', name: 'Albanian', nativeName: 'shqip'},
	{code: 'sw', name: 'Swahili', nativeName: 'Kiswahili'},
	{code: 'gl', name: 'Galician', nativeName: 'galego', otherNames: ['Gallego']},
	{code: 'mr', name: 'Marathi', nativeName: 'मराठी'},
	{code: 'pa', name: 'Punjabi', nativeName: 'ਪੰਜਾਬੀ', otherNames: ['Panjabi']},
	{code: 'si', name: 'Sinhala', nativeName: 'සිංහල', otherNames: ['Sinhalese']},
	{code: 'km', name: 'Khmer', nativeName: 'ខ្មែរ', otherNames: ['Cambodian'], unit: 'character'},
	{code: 'sn', name: 'Shona', nativeName: 'chiShona'},
	{code: 'yo', name: 'Yoruba', nativeName: 'Yorùbá'},
	{code: 'so', name: 'Somali', nativeName: 'Soomaali'},
	{code: 'af', name: 'Afrikaans', nativeName: 'Afrikaans'},
	{code: 'oc', name: 'Occitan', nativeName: 'occitan', otherNames: ['Provençal']},
	{code: 'ka', name: 'Georgian', nativeName: 'ქართული'},
	{code: 'be', name: 'Belarusian', nativeName: 'беларуская'},
	{code: 'tg', name: 'Tajik', nativeName: 'тоҷикӣ'},
	{code: 'sd', name: 'Sindhi', nativeName: 'سنڌي'},
	{code: 'gu', name: 'Gujarati', nativeName: 'ગુજરાતી'},
	{code: 'am', name: 'Amharic', nativeName: 'አማርኛ'},
	{code: 'yi', name: 'Yiddish', nativeName: 'ייִדיש', otherNames: ['ji']},
	{code: 'lo', name: 'Lao', nativeName: 'ລາວ', unit: 'character'},
	{code: 'uz', name: 'Uzbek', nativeName: 'oʻzbekcha'},
	{code: 'fo', name: 'Faroese', nativeName: 'føroyskt'},
	{code: 'ht', name: 'Haitian Creole', nativeName: 'Kreyòl ayisyen', otherNames: ['Haitian']},
	{code: 'ps', name: 'Pashto', nativeName: 'پښتو', otherNames: ['Pushto']},
	{code: 'tk', name: 'Turkmen', nativeName: 'türkmençe'},
	{code: 'nn', name: 'Nynorsk', nativeName: 'nynorsk', otherNames: ['Norwegian Nynorsk']},
	{code: 'mt', name: 'Maltese', nativeName: 'Malti'},
	{code: 'sa', name: 'Sanskrit', nativeName: 'संस्कृतम्'},
	{code: 'lb', name: 'Luxembourgish', nativeName: 'Lëtzebuergesch', otherNames: ['Letzeburgesch']},
	{code: 'my', name: 'Burmese', nativeName: 'မြန်မာ', otherNames: ['Myanmar'], unit: 'character'},
	{code: 'bo', name: 'Tibetan', nativeName: 'བོད་སྐད', unit: 'character'},
	{code: 'tl', name: 'Tagalog', nativeName: 'Tagalog', otherNames: ['Filipino', 'fil']},
	{code: 'mg', name: 'Malagasy', nativeName: 'Malagasy'},
	{code: 'as', name: 'Assamese', nativeName: 'অসমীয়া'},
	{code: 'tt', name: 'Tatar', nativeName: 'татарча'},
	{code: 'haw', name: 'Hawaiian', nativeName: 'ʻŌlelo Hawaiʻi'},
	{code: 'ln', name: 'Lingala', nativeName: 'lingála'},
	{code: 'ha', name: 'Hausa', nativeName: 'Hausa'},
	{code: 'ba', name: 'Bashkir', nativeName: 'башҡортса'},
	{code: 'jw', name: 'Javanese', nativeName: 'Basa Jawa', otherNames: ['jv']},
	{code: 'su', name: 'Sundanese', nativeName: 'Basa Sunda'},
	{
		code: 'yue',
		name: 'Cantonese',
		nativeName: '粵語',
		otherNames: ['Cantonese Chinese'],
		unit: 'character',
		joinsWithoutSpaces: true,
	},
];

const languagesByCode: ReadonlyMap<string, Language> = new Map(
	LANGUAGES.map(language => [language.code, language]),
);

/** @param code - one of Whisper's codes; undefined for anything else. */
export function findLanguage(code: string): Language | undefined {
	return languagesByCode.get(code);
}

/** What a language is counted in; `word` for a code we do not know. */
export function unitOfLanguage(code: string): 'word' | 'character' {
	return findLanguage(code)?.unit ?? 'word';
}
