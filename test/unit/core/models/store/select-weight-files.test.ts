import {describe, expect, it} from 'vitest';
import {selectWeightFiles} from '../../../../../src/core/models/store/select-weight-files.js';
import {catchError} from '../../../../helpers/catch-error.js';

const COMPANIONS = ['config.json', 'tokenizer.json', 'generation_config.json'];

describe('selectWeightFiles', () => {
	it.each([
		['CTranslate2', ['model.bin', 'vocabulary.json'], ['vocabulary.json', 'model.bin']],
		[
			'one set of weights where a repository has several',
			['model.safetensors', 'pytorch_model.bin', 'tf_model.h5', 'flax_model.msgpack'],
			['model.safetensors'],
		],
		[
			'shards with their index, without the float32 copies',
			[
				'model-00002-of-00002.safetensors',
				'model-00001-of-00002.safetensors',
				'model.fp32-00001-of-00002.safetensors',
				'model.safetensors.index.json',
				'model.safetensors.index.fp32.json',
			],
			[
				'model.safetensors.index.json',
				'model-00001-of-00002.safetensors',
				'model-00002-of-00002.safetensors',
			],
		],
		[
			'one file rather than shards, and no index of shards with it',
			['model.safetensors', 'model-00001-of-00001.safetensors', 'model.safetensors.index.json'],
			['model.safetensors'],
		],
		['nothing of subfolders', ['model.bin', 'onnx/model.bin', 'onnx/config.json'], ['model.bin']],
		[
			'the smallest exported graphs of an encoder-decoder model, and its tokenizer',
			[
				'onnx/decoder_model.onnx',
				'onnx/decoder_model_merged.onnx',
				'onnx/decoder_model_merged_quantized.onnx',
				'onnx/encoder_model.onnx',
				'onnx/encoder_model_quantized.onnx',
				'source.spm',
				'target.spm',
			],
			[
				'source.spm',
				'target.spm',
				'onnx/encoder_model_quantized.onnx',
				'onnx/decoder_model_merged_quantized.onnx',
			],
		],
		[
			'weights rather than exported graphs',
			['model.safetensors', 'onnx/decoder_model_merged.onnx', 'onnx/encoder_model.onnx'],
			['model.safetensors'],
		],
		[
			'one GGUF file of several, the size that most people take, and none that is split',
			['model-Q8_0.gguf', 'model-q4_k_m.gguf', 'model-Q4_K_M-00001-of-00002.gguf'],
			['model-q4_k_m.gguf'],
		],
		[
			'the export of a language model, with its weights, where there is nothing else',
			['onnx/model.onnx', 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data', 'onnx/model_fp16.onnx'],
			['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data'],
		],
	])('takes %s', (_what, paths, expected) => {
		expect(selectWeightFiles([...COMPANIONS, ...paths, 'README.md'], 'here')).toEqual([
			...COMPANIONS,
			...expected,
		]);
	});

	it('names what there is where there are no weights it knows', () => {
		expect(catchError(() => selectWeightFiles(['config.json', 'model.h5'], 'owner/name'))).toMatchObject({
			code: 'MODEL_UNSUPPORTED',
			message:
				'owner/name has neither model.bin (CTranslate2) nor model.safetensors nor a GGUF file, only model.h5.',
		});
	});
});
