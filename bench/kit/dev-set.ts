import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** Absolute path of shared material, for example `sharedPath('models/golden/tokens.json')`. */
export function sharedPath(relative: string): string {
	return join(SHARED, relative);
}

export interface DevClip {
	/** File name within the set. */
	readonly file: string;
	/** Absolute path. */
	readonly path: string;
	/** Code of the language spoken. */
	readonly language: string;
	readonly seconds: number;
	/** What is said. */
	readonly transcript: string;
	/** What it means in other languages, by code; not every clip has every language. */
	readonly translations: Readonly<Partial<Record<string, string>>>;
}

/**
 * The real recordings in `../shared/audio/dev` with their reference texts.
 *
 * @param names - files to take, in this order; all when left out.
 * @throws Error when the set is not there or a name is not in it.
 */
export async function readDevSet(names?: readonly string[]): Promise<DevClip[]> {
	const folder = sharedPath('audio/dev');
	if (!existsSync(folder)) throw new Error('This benchmark needs ../shared/audio/dev beside the checkout.');
	const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Omit<
		DevClip,
		'path'
	>[];
	const clips = manifest.map(clip => ({...clip, path: join(folder, clip.file)}));
	if (names === undefined) return clips;
	return names.map(name => {
		const clip = clips.find(({file}) => file === name || file.replace(/\.\w+$/, '') === name);
		if (clip === undefined) {
			throw new Error(`No clip "${name}" in the set; it has ${clips.map(({file}) => file).join(', ')}.`);
		}
		return clip;
	});
}
