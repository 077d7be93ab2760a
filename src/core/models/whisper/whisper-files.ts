/** Files of a built model. */
export const WHISPER_FILES = {
	encoder: 'encoder.onnx',
	cross: 'cross.onnx',
	decoder: 'decoder.onnx',
	description: 'whisper.json',
	/** Text of every token by id: small, while the whole tokenizer is only needed to read a prompt. */
	vocabulary: 'vocabulary.json',
	tokenizer: 'tokenizer.json',
} as const;
