// Transcribes files with transformers.js, as its documentation shows, and prints one JSON object a line.
// Its folder is not among the project's dependencies, so it is named on the command line.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {basename, dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';

const {values, positionals} = parseArgs({
	allowPositionals: true,
	options: {
		library: {type: 'string'},
		model: {type: 'string'},
		samples: {type: 'string'},
		task: {type: 'string', default: 'transcribe'},
		threads: {type: 'string', default: '2'},
		// It does not detect the language: one for each file, separated by commas.
		languages: {type: 'string'},
	},
});

const library = createRequire(join(values.library, 'package.json')).resolve('@huggingface/transformers');
const {env, pipeline, WhisperTextStreamer} = await import(pathToFileURL(library).href);
env.allowRemoteModels = false;
env.localModelPath = dirname(values.model);

const recognise = await pipeline('automatic-speech-recognition', basename(values.model), {
	dtype: 'q8',
	device: 'cpu',
	session_options: {intraOpNumThreads: Number(values.threads), interOpNumThreads: 1},
});
report({type: 'model-loaded'});

const languages = values.languages.split(',');
for (const [index, file] of positionals.entries()) {
	const bytes = await readFile(join(values.samples, `${basename(file)}.f32`));
	const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
	const {text} = await recognise(samples, {
		language: languages[index],
		task: values.task,
		chunk_length_s: 30,
		stride_length_s: 5,
		// Without them it drops words where chunks meet: a third of one recording's instead of a sixth were wrong.
		return_timestamps: true,
		streamer: new WhisperTextStreamer(recognise.tokenizer, {
			callback_function: piece => report({type: 'partial-text', file, text: piece}),
		}),
	});
	report({type: 'text', file, text});
}

function report(event) {
	process.stdout.write(`${JSON.stringify(event)}\n`);
}
