import type {TextModelOptions} from '../../core/translation/text/open-text-translator.js';

/** A model that is fetched and built by itself. */
export interface ModelPart {
	readonly name: string;
	readonly sizeBytes: number;
	readonly isInstalled: boolean;
}

/** What is known of a model before it is loaded. */
export interface ModelFacts {
	/** As `models list` prints it. */
	readonly name: string;
	/** Itself; of a combination the model that hears, then those that translate its text. */
	readonly parts: readonly ModelPart[];
	/** Of the weights: exact if installed, else about what is fetched. */
	readonly sizeBytes: number;
	readonly isInstalled: boolean;
	/** Codes. */
	readonly sourceLanguages: readonly string[];
	/** Codes of languages, and `same` for captions. */
	readonly targets: readonly string[];
}

/** A model that is ready to be run. */
export interface PreparedModel {
	/** Of the model that hears, absolute. */
	readonly graphsDirectory: string;
	/** What translates its text. */
	readonly texts: readonly TextModelOptions[];
}

/** How far a model is with being loaded. */
export interface LoadProgress {
	/** For people. */
	readonly activity: string;
	/** 0..1 while it is fetched. */
	readonly fraction: number | undefined;
}
