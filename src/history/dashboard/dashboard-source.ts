import type {PageFile} from './wheel-record.js';

/** A package of Ray from which the page can be taken. */
export interface DashboardSource {
	/** Of Ray, such as "2.60.0". */
	readonly version: string;
	/** For people: "the wheel ray-2.60.0-….whl". */
	readonly description: string;
	readonly files: readonly PageFile[];
	/** All bytes of a file as they are, not checked yet. */
	read(file: PageFile): Promise<Buffer>;
	/** Idempotent. */
	close(): void;
}
