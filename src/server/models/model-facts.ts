/** What is known of a model before it is loaded. */
export interface ModelFacts {
	/** As `models list` prints it. */
	readonly name: string;
	/** Of the weights: exact if installed, else about what is fetched. */
	readonly sizeBytes: number;
	readonly isInstalled: boolean;
	/** Codes. */
	readonly sourceLanguages: readonly string[];
	/** Codes of languages, and `same` for captions. */
	readonly targets: readonly string[];
}

/** How far a model is with being loaded. */
export interface LoadProgress {
	/** For people. */
	readonly activity: string;
	/** 0..1 while it is fetched. */
	readonly fraction: number | undefined;
}
