import {createHash} from 'node:crypto';

/** Bytes that look random and are the same in every run. */
export function makeBytes(sizeBytes: number, seed = 'weights'): Buffer {
	const blocks: Buffer[] = [];
	for (let index = 0; index * 32 < sizeBytes; index++) {
		blocks.push(createHash('sha256').update(`${seed} ${index}`).digest());
	}
	return Buffer.concat(blocks).subarray(0, sizeBytes);
}

/** `config.json` as CTranslate2's converter writes it for a multilingual Whisper model. */
export const WHISPER_CONFIG = Buffer.from(
	JSON.stringify({
		alignment_heads: [[3, 1]],
		lang_ids: Array.from({length: 99}, (_, index) => 50_259 + index),
		suppress_ids: [1, 2],
		suppress_ids_begin: [220, 50_257],
	}),
);

/** The files of a small repository in CTranslate2's format, with some that nobody needs. */
export function makeRepositoryFiles(weightBytes = 300_000): Record<string, Buffer> {
	return {
		'.gitattributes': Buffer.from('*.bin filter=lfs\n'),
		'README.md': Buffer.from('# a model\n'),
		'config.json': WHISPER_CONFIG,
		'model.bin': makeBytes(weightBytes),
		'tokenizer.json': Buffer.from('{"version":"1.0"}'),
		'vocabulary.txt': Buffer.from('a\nb\n'),
	};
}
