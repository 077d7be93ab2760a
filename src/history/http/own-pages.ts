import type {SessionSummary} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import {isTaskColumn, type TaskFilter} from '../store/task-query.js';
import type {HistoryAnswer} from './answer.js';
import {readJobs} from './job-answers.js';
import {readLogText} from './read-log-text.js';
import {readTaskState} from './task-json.js';
import {NOT_FOUND} from './answer.js';

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1b;background:#fff}
nav a{margin-right:1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
td{overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#8ab4f8}th,td{border-color:#444}}`;

const PAGE_ROWS = 200;

/** Where a cluster is chosen; links lead to addresses that can be sent on. */
export function renderHomepage(sessions: readonly SessionSummary[]): HistoryAnswer {
	return renderPage(
		'Clusters',
		'',
		table(
			['Cluster', 'Namespace', 'Owner', 'Session', 'Began (UTC)', 'Last event (UTC)'],
			sessions.map(({cluster, name, firstMs, lastMs}) => [
				escape(cluster.name),
				escape(cluster.namespace),
				escape([cluster.ownerKind, cluster.ownerName].filter(Boolean).join(' ')),
				`<a href="${escape(sessionAddress({cluster, name}))}">${escape(name)}</a>`,
				formatTime(firstMs),
				formatTime(lastMs),
			]),
		),
	);
}

export function sessionAddress({cluster, name}: Pick<SessionSummary, 'cluster' | 'name'>): string {
	return `/c/${[cluster.namespace, cluster.name, name].map(encodeURIComponent).join('/')}/`;
}

/** Jobs, tasks, actors, nodes and logs of one session, without JavaScript. */
export function renderSessionPage(
	reader: SessionReader,
	path: string,
	query: URLSearchParams,
): HistoryAnswer {
	const base = sessionAddress(reader.session);
	const links = ['jobs', 'tasks', 'actors', 'nodes', 'logs']
		.map(page => `<a href="${escape(base)}pages/${page}">${page}</a>`)
		.join('');
	const navigation = `<nav><a href="/homepage">clusters</a>${links}<a href="${escape(base)}api/v0/tasks/timeline?download=1">timeline</a></nav>`;
	const title = `${reader.session.cluster.name}, ${reader.session.name}`;
	switch (path) {
		case '/':
		case '/pages/jobs':
			return renderPage(title, navigation, renderJobs(reader, base));
		case '/pages/tasks':
			return renderPage(title, navigation, renderTasks(reader, query));
		case '/pages/actors':
			return renderPage(title, navigation, renderActors(reader));
		case '/pages/nodes':
			return renderPage(title, navigation, renderNodes(reader));
		case '/pages/logs':
			return renderPage(title, navigation, renderLogs(reader, query, base));
		default:
			return NOT_FOUND;
	}
}

function renderJobs(reader: SessionReader, base: string): string {
	return table(
		['Job', 'Submission', 'Status', 'Command', 'Began (UTC)', 'Ended (UTC)'],
		readJobs(reader).map(job => [
			job.job_id === null
				? ''
				: `<a href="${escape(base)}pages/tasks?job_id=${job.job_id}">${escape(job.job_id)}</a>`,
			escape(job.submission_id ?? ''),
			escape(job.status),
			`<code>${escape(job.entrypoint)}</code>`,
			formatTime(job.start_time),
			formatTime(job.end_time),
		]),
	);
}

function renderTasks(reader: SessionReader, query: URLSearchParams): string {
	const filters = [...query]
		.filter(([name, value]) => isTaskColumn(name) && value !== '')
		.map(([column, value]) => ({column, isNegated: false, value}) as TaskFilter);
	const taskQuery = {filters, excludesDrivers: true};
	const total = reader.countTasks(taskQuery);
	const fields = ['job_id', 'state', 'name', 'error_type', 'node_id']
		.map(name => `<label>${name} <input name="${name}" value="${escape(query.get(name) ?? '')}"></label> `)
		.join('');
	const rows = [...reader.tasks(taskQuery, PAGE_ROWS)].map(row => {
		const task = readTaskState(row, reader.shape(row.shape_id));
		return [
			`<code>${task.taskId}</code>`,
			String(task.attempt),
			escape(task.name),
			task.state,
			escape(row.error_type ?? ''),
			`<code>${task.jobId}</code>`,
			formatTime(task.creationMs),
		];
	});
	return `<form>${fields}<button>show</button></form><p>${Math.min(total, PAGE_ROWS)} of ${total} tasks</p>${table(
		['Task', 'Attempt', 'Name', 'State', 'Error', 'Job', 'Made (UTC)'],
		rows,
	)}`;
}

function renderActors(reader: SessionReader): string {
	return table(
		['Actor', 'Class', 'Name', 'State', 'Restarts', 'Began (UTC)', 'Ended (UTC)'],
		reader
			.entities('actor')
			.slice(0, 1000)
			.map(actor => [
				`<code>${actor.actorId}</code>`,
				escape(actor.className),
				escape(actor.name),
				escape(actor.state),
				String(actor.restarts),
				formatTime(actor.startMs),
				formatTime(actor.endMs),
			]),
	);
}

function renderNodes(reader: SessionReader): string {
	return table(
		['Node', 'Address', 'Host', 'State', 'Why it died', 'Began (UTC)', 'Ended (UTC)'],
		reader
			.entities('node')
			.map(node => [
				`<code>${node.nodeId}</code>`,
				escape(node.ip),
				escape(node.hostname),
				escape(node.state),
				escape(node.deathMessage),
				formatTime(node.startMs),
				formatTime(node.endMs),
			]),
	);
}

function renderLogs(reader: SessionReader, query: URLSearchParams, base: string): string {
	const nodeId = query.get('node_id');
	const path = query.get('file');
	const file = nodeId !== null && path !== null ? reader.logFile(nodeId, path) : undefined;
	if (file !== undefined)
		return `<h2>${escape(file.path)}</h2><pre>${escape(readLogText(reader, file, 1024 * 1024))}</pre>`;
	return table(
		['Node', 'File', 'Bytes'],
		reader
			.logFiles()
			.map(entry => [
				`<code>${escape(entry.nodeId)}</code>`,
				`<a href="${escape(base)}pages/logs?${new URLSearchParams({node_id: entry.nodeId, file: entry.path}).toString()}">${escape(entry.path)}</a>`,
				String(entry.sizeBytes),
			]),
	);
}

function renderPage(title: string, navigation: string, content: string): HistoryAnswer {
	return {
		status: 200,
		contentType: 'text/html; charset=utf-8',
		headers: {'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"},
		body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${STYLE}</style>${navigation}<h1>${escape(title)}</h1>${content}</html>`,
	};
}

/** @param rows - as HTML. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
	if (rows.length === 0) return '<p>There are none.</p>';
	const head = heads.map(text => `<th scope="col">${text}</th>`).join('');
	const body = rows.map(cells => `<tr>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`).join('');
	return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function formatTime(ms: number | null): string {
	return ms ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '';
}

function escape(text: string): string {
	return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
