import {Option, type Command} from 'commander';

import {collect} from '../collect-flag.js';
import type {CommandContext} from '../command-context.js';

/** `infinisst history`: the flags; the work is in `history/`, loaded when a command runs. */
export function registerHistory(parent: Command, context: CommandContext): void {
	const history = parent
		.command('history')
		.description('keep what happened on Ray clusters and here, and look at it');
	registerCollect(history, context);
	registerImport(history, context);
	registerServe(history, context);
	registerDashboard(history, context);
	registerLists(history, context);
	registerSearch(history, context);
	registerUpkeep(history, context);
}

const file = () =>
	new Option('--db <file>', "the history's file (default: history.db of the program's data)");
const format = () => new Option('--format <format>', 'table, json, ndjson or csv').default('table');
const cluster = () => new Option('--cluster <name>', 'only this cluster');
const session = () => new Option('--session <name>', 'this session (default: the newest)');
const oneSession = () => new Option('--session <name>', 'only this session');
const filter = () =>
	new Option('--filter <condition...>', 'only rows with this, such as state=FAILED or name!=f');
const since = () =>
	new Option('--since <time>', 'only what began after this moment or so long ago, such as 2026-11-23 or 36h');
const utc = () => new Option('--utc', 'times of the table in UTC instead of the local zone');

/** What a collector and a server delete by themselves while they run. */
function addRetention(command: Command): Command {
	return command
		.option('--retain-age <time>', 'delete sessions whose last event is older, such as 30d')
		.option('--retain-size <size>', 'delete the oldest sessions when more than this is in use, such as 2GB')
		.option('--retain-sessions <count>', 'delete all but so many of the newest of each cluster');
}

function registerCollect(history: Command, context: CommandContext): void {
	addRetention(history.command('collect'))
		.description("take Ray's event export until stopped; also ask its head, and follow its logs")
		.addOption(file())
		.option('--host <address>', 'address to listen on', '127.0.0.1')
		.option('--port <port>', 'port to listen on, 0 for any', '8084')
		.option('--cluster <name>', 'name the cluster is kept under', 'ray')
		.option('--namespace <name>', 'namespace it is kept under', 'default')
		.option('--token-file <file>', 'file with the token that Ray must send')
		.option('--ray-address <url>', "also ask the head's dashboard, such as http://head:8265")
		.option('--ray-token-file <file>', 'file with the token that the head asks for')
		.option('--interval <seconds>', 'how often the head is asked', '10')
		.option('--logs-dir <folder>', "also follow the session's logs: Ray's temporary folder, such as /tmp/ray")
		.option('--node-id <id>', 'whose logs they are (default: what its raylet wrote there)')
		.action(async (flags: unknown) => {
			const {runHistoryCollect} = await import('./history/collect.js');
			await runHistoryCollect(flags, context);
		});
}

function registerImport(history: Command, context: CommandContext): void {
	history
		.command('import')
		.description(
			"read a storage that KubeRay's collector wrote, or what history export wrote; again changes only what is new",
		)
		.argument('<source>', 'folder with cluster-history or of an older layout, s3://bucket/folder, or a file')
		.addOption(file())
		.option('--endpoint <url>', 'of an S3-compatible store (default: AWS_ENDPOINT_URL, else Amazon)')
		.option('--region <name>', 'of the bucket (default: AWS_REGION)')
		.option('--path-style', 'the bucket is part of the path (default with --endpoint)')
		.option('--no-path-style', "the bucket is part of the host's name")
		.option('--json', 'print the result as an object')
		.option('--quiet', 'print no progress')
		.action(async (source: string, flags: unknown) => {
			const {runHistoryImport} = await import('./history/import.js');
			await runHistoryImport(source, flags, context);
		});
	history
		.command('export')
		.description('write one session to a file of its own')
		.argument('<session>', 'its name, or a part of it')
		.argument('<file>', 'which must not be there yet')
		.addOption(file())
		.addOption(cluster())
		.option(
			'--format <format>',
			'db, a history that can be imported and looked at with --db; or ndjson, for other programs',
			'db',
		)
		.action(async (name: string, path: string, flags: unknown) => {
			const {runHistoryExport} = await import('./history/export.js');
			await runHistoryExport(name, path, flags, context);
		});
}

function registerServe(history: Command, context: CommandContext): void {
	addRetention(history.command('serve'))
		.description("answer Ray's dashboard from the history until stopped")
		.addOption(file())
		.option('--host <address>', 'address to listen on', '127.0.0.1')
		.option('--port <port>', 'port to listen on, 0 for any', '8080')
		.option(
			'--dashboard-dir <folder>',
			"Ray's own page: ray/dashboard/client/build (default: the one that was installed)",
		)
		.option('--no-dashboard', "pages of our own instead of Ray's, also where that is installed")
		.option('--live <name=url>', 'pass on to the head of a live cluster; may be given again', collect)
		.option('--no-live', 'pass nothing on, also to heads that history collect asks')
		.option('--live-token-file <name=file>', 'file with the token that this head asks for', collect)
		.option('--allow-jobs', 'let programs submit, stop and delete jobs of live clusters')
		.action(async (flags: unknown) => {
			const {runHistoryServe} = await import('./history/serve.js');
			await runHistoryServe(flags, context);
		});
}

function registerDashboard(history: Command, context: CommandContext): void {
	history
		.command('dashboard')
		.description("the page of Ray's dashboard, which history serve shows")
		.command('install')
		.description('take the page out of an installed Ray, or out of its wheel, fetched with pip')
		.option('--ray-version <version>', 'of Ray (default: that of an installed Ray, else 2.60.0)')
		.option('--wheel <file>', 'a wheel of Ray that is here already, for any machine and any Python')
		.option('--json', 'print the result as an object')
		.option('--quiet', 'print no progress')
		.action(async (flags: unknown) => {
			const {runHistoryDashboardInstall} = await import('./history/dashboard.js');
			await runHistoryDashboardInstall(flags, context);
		});
}

const LISTS = {
	clusters: 'list clusters',
	sessions: 'list sessions, newest first',
	jobs: 'list the jobs of all sessions, newest first',
	tasks: 'list the tasks of a session',
	actors: 'list its actors',
	nodes: 'list its nodes',
	events: 'list the events of its event page',
	logs: 'list its log files',
	summary: 'count its tasks by name and state',
} as const;

function registerLists(history: Command, context: CommandContext): void {
	for (const [name, description] of Object.entries(LISTS)) {
		history
			.command(name)
			.description(description)
			.addOption(file())
			.addOption(cluster())
			.addOption(name === 'jobs' ? oneSession() : session())
			.addOption(format())
			.addOption(filter())
			.addOption(since())
			.option('--limit <count>', 'how many rows at most', '100')
			.addOption(utc())
			.action(async (flags: unknown) => {
				const {runHistoryList} = await import('./history/list.js');
				await runHistoryList(name as keyof typeof LISTS, flags, context);
			});
	}

	history
		.command('job')
		.description('print one job: what it was, how it ended, and what its tasks came to')
		.argument('<id>', 'of the job, or of the submission')
		.addOption(file())
		.addOption(cluster())
		.option('--session <name>', 'this session (default: the newest that has such a job)')
		.addOption(format())
		.addOption(utc())
		.action(async (id: string, flags: unknown) => {
			const {runHistoryJob} = await import('./history/job.js');
			await runHistoryJob(id, flags, context);
		});
	history
		.command('diff')
		.description('print what differs between two sessions: jobs, tasks, how long they ran, errors, actors')
		.argument('<a>', 'a session, by a part of its name, or cluster/part')
		.argument('<b>', 'another')
		.addOption(file())
		.addOption(cluster())
		.addOption(format())
		.addOption(filter())
		.option('--limit <count>', 'how many rows at most', '1000')
		.option('--all', 'also what does not differ')
		.action(async (a: string, b: string, flags: unknown) => {
			const {runHistoryDiff} = await import('./history/diff.js');
			await runHistoryDiff([a, b], flags, context);
		});
	history
		.command('show')
		.description('print everything known of one job, task, actor or node')
		.argument('<id>', 'its id, or the beginning of it; or the name of a submission')
		.addOption(file())
		.addOption(cluster())
		.addOption(session())
		.addOption(format())
		.addOption(utc())
		.action(async (id: string, flags: unknown) => {
			const {runHistoryShow} = await import('./history/show.js');
			await runHistoryShow(id, flags, context);
		});
	history
		.command('query')
		.description("print the answer to an address of Ray's API, such as /api/v0/tasks?limit=5")
		.argument('<address>', 'path and query')
		.addOption(file())
		.addOption(cluster())
		.addOption(session())
		.option('--format <format>', 'table, json, ndjson or csv of the list in it (default: as it is)')
		.addOption(utc())
		.action(async (address: string, flags: unknown) => {
			const {runHistoryQuery} = await import('./history/query.js');
			await runHistoryQuery(address, flags, context);
		});
	history
		.command('timeline')
		.description("write the spans of a session: for Perfetto or Chrome's trace viewer, or a row each")
		.addOption(file())
		.addOption(cluster())
		.addOption(session())
		.option('--job <id>', 'only this job')
		.option('--format <format>', 'json or ndjson for a viewer; table or csv with a row a span', 'json')
		.option('--filter <condition...>', 'only spans of such tasks, such as state=FAILED; or span=task:execute')
		.addOption(since())
		.option('--limit <count>', 'so many of the earliest (default: 100 in a table, else all)')
		.addOption(utc())
		.action(async (flags: unknown) => {
			const {runHistoryTimeline} = await import('./history/timeline.js');
			await runHistoryTimeline(flags, context);
		});
}

function registerSearch(history: Command, context: CommandContext): void {
	history
		.command('search')
		.description('find words in names, errors and log lines')
		.argument('<words...>', 'all of which must be there')
		.addOption(file())
		.addOption(cluster())
		.option('--session <name>', 'only this session')
		.addOption(format())
		.addOption(filter())
		.addOption(since())
		.option('--limit <count>', 'how many at most', '20')
		.addOption(utc())
		.action(async (words: string[], flags: unknown) => {
			const {runHistorySearch} = await import('./history/search.js');
			await runHistorySearch(words, flags, context);
		});
}

function registerUpkeep(history: Command, context: CommandContext): void {
	history
		.command('prune')
		.description('delete old sessions')
		.addOption(file())
		.option('--older-than <time>', 'those whose last event is older, such as 30d or 36h')
		.option('--max-size <size>', 'the oldest, until the file is no larger, such as 2GB')
		.option('--keep <count>', 'all but so many of the newest of each cluster')
		.option('--dry-run', 'only list them')
		.action(async (flags: unknown) => {
			const {runHistoryPrune} = await import('./history/prune.js');
			await runHistoryPrune(flags, context);
		});
	history
		.command('keep')
		.description('mark a session, so that no rule deletes it')
		.argument('<session>', 'its name, or a part of it')
		.addOption(file())
		.addOption(cluster())
		.option('--undo', 'take the mark off')
		.action(async (name: string, flags: unknown) => {
			const {runHistoryKeep} = await import('./history/keep.js');
			await runHistoryKeep(name, flags, context);
		});
	history
		.command('token')
		.description('set the token that history serve asks for before it shows a cluster')
		.argument('<cluster>', 'its name')
		.addOption(file())
		.option('--namespace <name>', 'of the cluster (default: all of this name)')
		.option('--token-file <file>', 'file with the token')
		.option('--remove', 'ask for none any more')
		.action(async (name: string, flags: unknown) => {
			const {runHistoryToken} = await import('./history/token.js');
			await runHistoryToken(name, flags, context);
		});
	history
		.command('vacuum')
		.description('give free room in the file back to the disk')
		.addOption(file())
		.action(async (flags: unknown) => {
			const {runHistoryVacuum} = await import('./history/upkeep.js');
			await runHistoryVacuum(flags, context);
		});
	history
		.command('verify')
		.description('check the file, and list what was damaged in what went in')
		.addOption(file())
		.action(async (flags: unknown) => {
			const {runHistoryVerify} = await import('./history/upkeep.js');
			await runHistoryVerify(flags, context);
		});
}
