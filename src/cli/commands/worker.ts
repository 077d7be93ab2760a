import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';

/** `infinisst worker`: the flags; the work is in `worker/`, loaded when the command runs. */
export function registerWorker(parent: Command, context: CommandContext): void {
	parent
		.command('worker')
		.description('translate speakers for other programs, over a socket')
		.option('--listen <address>', 'wait for them here: host:port, or unix:/path/to/socket')
		.option('--connect <address>', 'connect to one that waits for workers here')
		.option('--token-stdin', 'read the token that both ends must have from the standard input, a line')
		.option('--exit-with-stdin', 'end when the standard input does')
		.option('--id <name>', 'how statistics call it (default: by machine and process)')
		.option('--model <name>', 'a model of "infinisst models list" (default: "whisper-base")')
		.option('--precision <precision>', 'auto, fp32, fp16w, int8, q8 or q4 (default: "auto")')
		.option('--device <device>', 'auto, cpu, cuda or webgpu (default: "auto")')
		.option('--threads <count>', 'processor threads (default: 1)')
		.option('--max-batch-size <count>', 'sequences decoded together at most')
		.option('--min-batch-size <count>', 'under load, wait for so many')
		.option('--batch-timeout <ms>', 'but no longer than this')
		.option('--no-dynamic-batching', 'decode each batch to its end before the next begins')
		.option('--download', 'fetch the model first if it is missing')
		.option('--quiet', 'print no progress')
		.action(async (flags: unknown) => {
			const {runWorker} = await import('./worker/run-worker.js');
			await runWorker(flags, context);
		});
}
