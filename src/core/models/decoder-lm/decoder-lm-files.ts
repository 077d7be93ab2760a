/** Files of a built model. */
export const DECODER_LM_FILES = {
	graph: 'decoder.onnx',
	description: 'language-model.json',
	tokenizer: 'tokenizer.json',
} as const;
