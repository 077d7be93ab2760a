import {open, type FileHandle} from 'node:fs/promises';

/** onnxruntime maps external data into memory, so each tensor begins on a page of its own. */
const ALIGNMENT_BYTES = 4096;

/** Writes the large tensors of a graph one after another into a file beside it ("external data"). */
export class WeightDataFile {
	readonly #file: FileHandle;
	#offsetBytes = 0;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	static async create(path: string): Promise<WeightDataFile> {
		return new WeightDataFile(await open(path, 'wx'));
	}

	/** Appends and returns where the data begins. */
	async append(bytes: Uint8Array): Promise<number> {
		const start = Math.ceil(this.#offsetBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
		let written = 0;
		while (written < bytes.length) {
			written += (await this.#file.write(bytes, written, bytes.length - written, start + written))
				.bytesWritten;
		}
		this.#offsetBytes = start + bytes.length;
		return start;
	}

	async close(): Promise<void> {
		await this.#file.close();
	}
}
