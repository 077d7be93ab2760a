import {execa} from 'execa';
import {sharedPath} from './shared.js';

/** A shared recording as mono float32 at 16 kHz, for example `readClip('audio/dev/en_jfk.flac')`. */
export async function readClip(relative: string): Promise<Float32Array> {
	const decode = ['-v', 'error', '-i', sharedPath(relative), '-f', 'f32le', '-ac', '1', '-ar', '16000', '-'];
	const {stdout} = await execa('ffmpeg', decode, {encoding: 'buffer'});
	return new Float32Array(new Uint8Array(stdout).buffer);
}
