// Runs a language model with transformers.js for bench/decoder-lm.ts: one request a line, {"tokens": [...], "steps": n};
// one answer a line. Its folder is not among the project's dependencies, so it is named on the command line.
import {createRequire} from 'node:module';
import {basename, dirname, join} from 'node:path';
import {performance} from 'node:perf_hooks';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';

const [library, model, threads] = process.argv.slice(2);
const entry = createRequire(join(library, 'package.json')).resolve('@huggingface/transformers');
const {AutoModelForCausalLM, Tensor, env} = await import(pathToFileURL(entry).href);
env.allowRemoteModels = false;
env.localModelPath = dirname(model);

const language = await AutoModelForCausalLM.from_pretrained(basename(model), {
	dtype: 'q4',
	device: 'cpu',
	session_options: {intraOpNumThreads: Number(threads), interOpNumThreads: 1},
});
report({version: env.version});
for await (const line of createInterface({input: process.stdin})) {
	const {tokens, steps} = JSON.parse(line);
	const toTensor = numbers => new Tensor('int64', BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
	const times = [];
	const answer = [];
	let isPrompt = true;
	const streamer = {
		put([batch]) {
			// First it is told the prompt.
			if (!isPrompt) {
				times.push(performance.now());
				answer.push(...batch.map(Number));
			}
			isPrompt = false;
		},
		end: () => undefined,
	};
	const startMs = performance.now();
	await language.generate({
		input_ids: toTensor(tokens),
		attention_mask: toTensor(tokens.map(() => 1)),
		do_sample: false,
		min_new_tokens: steps + 1,
		max_new_tokens: steps + 1,
		streamer,
	});
	report({
		readMs: times[0] - startMs,
		stepMs: times.slice(1).map((timeMs, index) => timeMs - times[index]),
		answer: answer.slice(0, steps),
	});
}

function report(event) {
	process.stdout.write(`${JSON.stringify(event)}\n`);
}
