import {openAudio} from '../../src/core/audio/open-audio.js';
import {SampleHistory} from '../../src/core/audio/sample-history.js';
import {sharedPath} from './shared.js';

/** A shared recording as mono float32 at 16 kHz, for example `readClip('audio/dev/en_jfk.flac')`. */
export async function readClip(relative: string): Promise<Float32Array> {
	const {samples} = await openAudio({kind: 'file', path: sharedPath(relative)}, {});
	const history = new SampleHistory();
	for await (const block of samples) history.append(block);
	return history.view(0, history.endSample);
}
