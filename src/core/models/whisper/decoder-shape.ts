import type {DecoderShape} from '../decoding/decoder-batch.js';
import {crossTensors} from './cross-tensors.js';
import {HEAD_SIZE} from './whisper-dimensions.js';
import type {WhisperDescription} from './whisper-description.js';

/** What a batch must know of a Whisper decoder. */
export function decoderShape({
	dimensions,
	crossFormat,
}: Pick<WhisperDescription, 'dimensions' | 'crossFormat'>): DecoderShape {
	return {
		heads: dimensions.heads,
		headSize: HEAD_SIZE,
		layers: dimensions.decoderLayers,
		vocabularySize: dimensions.vocabularySize,
		lengthsInput: 'audio_lengths',
		cross: crossTensors(crossFormat),
	};
}
