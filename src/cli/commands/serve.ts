import type {Command} from 'commander';

import type {CommandContext} from '../command-context.js';
import {collect} from '../collect-flag.js';

/** `infinisst serve`: the flags; the work is in `serve/`, loaded when the command runs. */
export function registerServe(parent: Command, context: CommandContext): void {
	parent
		.command('serve')
		.description('translate speakers who come over the network, until stopped')
		.option('--host <address>', 'address to listen on (default: 127.0.0.1)')
		.option('--port <port>', 'port to listen on, 0 for any (default: 8000)')
		.option('--config <file>', 'read this instead of ./infinisst.config.json')
		.option('--model <name>', 'load this at the start; again for more (default: whisper-base)', collect)
		.option('--precision <precision>', 'auto, fp32, fp16w, int8, q8 or q4 (default: auto)')
		.option('--workers <count>', 'replicas of each model (default: as many as there are cores)')
		.option('--threads <count>', 'processor threads of each replica (default: 1)')
		.option('--no-download', 'do not fetch models that sessions ask for')
		.option('--max-sessions <count>', 'sessions at once (default: 32)')
		.option('--max-queued <count>', 'sessions that may wait for a place (default: 64)')
		.option('--latency <multiplier>', 'for sessions that do not say: 1 is fastest, 4 is best (default: 2)')
		.option(
			'--max-llm-cache-size <tokens>',
			'what a language model that translates text keeps of a talk (default: 1000)',
		)
		.option(
			'--context-sentences <count>',
			'sentences that other models of texts read before the open one (default: 0)',
		)
		.option('--max-batch-size <count>', 'sequences decoded together at most')
		.option('--min-batch-size <count>', 'under load, wait for so many')
		.option('--batch-timeout <ms>', 'but no longer than this')
		.option('--no-dynamic-batching', 'decode each batch to its end before the next begins')
		.option('--load-balance <strategy>', 'least_loaded, round_robin or gpu_memory (default: least_loaded)')
		.option('--api-key <key>', 'open only to this key; again for more', collect)
		.option('--allow-origin <origin>', 'pages elsewhere that may use the server; again for more', collect)
		.option(
			'--static-dir <folder>',
			'folder with the page (default: ./static, ./serve/static, the built-in one)',
		)
		.option('--video-dir <folder>', 'folder of /test_video; again for more', collect)
		.option('--results-dir <folder>', "folder for exports (default: results of the program's data)")
		.option('--log-file <file>', 'write the log there instead of to the standard error')
		.option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
		.option('--drain-timeout <ms>', 'for what is buffered when the server is stopped (default: 30000)')
		.option('--history', 'show the history at /history/')
		.option('--no-history', 'do not keep what happened')
		.option('--keep-text', 'also keep the texts in the history')
		.option('--db <file>', "the history's file (default: history.db of the program's data)")
		.option(
			'--live <name=url>',
			'with --history, pass on to the head of a live Ray cluster; again for more',
			collect,
		)
		.option('--no-live', 'pass nothing on, also to heads that "history collect" asks')
		.option('--live-token-file <name=file>', 'file with the token that this head asks for', collect)
		.option('--retain-age <time>', 'delete sessions of the history that are older, such as 30d')
		.option('--retain-size <size>', 'delete the oldest when more than this is in use, such as 2GB')
		.option('--retain-sessions <count>', 'delete all but so many of the newest of each cluster')
		.option('--set <setting=value>', 'any setting of "infinisst config show"; again for more', collect)
		.option('--engine <engine>', 'local or ray (default: local)')
		.option('--json', 'print the address as an object')
		.action(async (flags: unknown) => {
			const {runServe} = await import('./serve/run-serve.js');
			await runServe(flags, context);
		});
}
