import {openAudio} from '../../src/core/audio/open-audio.js';
import {SampleHistory} from '../../src/core/audio/sample-history.js';

/** Whole recordings, one after another, as mono float32 at 16 kHz; belongs to the caller. */
export async function readSamples(...paths: readonly string[]): Promise<Float32Array> {
	const history = new SampleHistory();
	for (const path of paths) {
		const {samples} = await openAudio({kind: 'file', path}, {});
		for await (const block of samples) history.append(block);
	}
	return history.view(0, history.endSample).slice();
}
