/** A file of a model as the manifest records it. */
export interface ModelFile {
	/** Relative to the folder of the weights, with `/` between its parts. */
	readonly path: string;
	readonly sizeBytes: number;
	/** 64 lower-case hexadecimal digits. */
	readonly sha256: string;
}
