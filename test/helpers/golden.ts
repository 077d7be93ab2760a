import {readFileSync} from 'node:fs';
import {hasShared, sharedPath} from './shared.js';

interface GoldenText {
	readonly ids: readonly number[];
	readonly text: string;
}

/** What the reference implementation makes of one development clip (`../shared/models/README.md`). */
export interface GoldenClip {
	/** In `audio/dev`. */
	readonly file: string;
	readonly language: string;
	readonly transcribe: GoldenText;
	readonly transcribe_timestamps: GoldenText;
	readonly translate?: GoldenText;
	readonly translate_timestamps?: GoldenText;
	readonly detected: {readonly token: string; readonly probability: number};
	readonly no_speech_probability_token_50362: number;
	readonly logits_prefix?: readonly number[];
}

/** The clips of up to 29.5 s; empty without the shared material. */
export const goldenClips: readonly GoldenClip[] = hasShared
	? (JSON.parse(readFileSync(sharedPath('models/golden/tokens.json'), 'utf8')) as {clips: GoldenClip[]}).clips
	: [];

/** Little-endian float32 values, for example `readGoldenFloats('en_jfk.pcm.f32')`. */
export function readGoldenFloats(name: string): Float32Array {
	return new Float32Array(new Uint8Array(readFileSync(sharedPath(`models/golden/${name}`))).buffer);
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
	let largest = 0;
	for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs(a[index]! - b[index]!));
	return largest;
}
