import {TASK_STATES} from '../../ingest/ray-enums.js';
import {isObject, readObjects} from '../../ingest/wire-values.js';
import type {TaskPlace} from '../../store/session-reader.js';
import {isTaskColumn, type TaskFilter} from '../../store/task-query.js';
import {readTaskState, TaskWriter} from '../task-json.js';
import {html, type Html, type HtmlPart} from './html.js';
import {code, facts, formatTime, link, pageAddress, state, table, value} from './layout.js';
import type {PageRequest} from './session-page.js';

const PAGE_ROWS = 200;

/** Fields of the form, next to the state, which is chosen from a list. */
const FIELDS = ['job_id', 'name', 'error_type', 'actor_id', 'node_id'] as const;

/** The state API's filters, as far as the address has them. */
export function readTaskFilters(query: URLSearchParams): readonly TaskFilter[] {
	return [...query]
		.filter(([name, text]) => isTaskColumn(name) && text !== '')
		.map(([column, text]) => ({column, isNegated: false, value: text}) as TaskFilter);
}

export function renderFilterForm(query: URLSearchParams, fields: readonly string[]): Html {
	const chosen = query.get('state')?.toUpperCase() ?? '';
	const options = ['', ...TASK_STATES].map(
		name => html`<option${name === chosen ? html` selected` : ''}>${name}</option>`,
	);
	const inputs = fields.map(
		name => html`<label>${name} <input name="${name}" value="${query.get(name)}" /></label> `,
	);
	return html`<form>
		<label
			>state
			<select name="state">
				${options}
			</select></label
		>
		${inputs}<button>show</button>
	</form>`;
}

export function renderTasks({reader, base, query}: PageRequest): Html {
	const filters = readTaskFilters(query);
	const taskQuery = {filters, excludesDrivers: true};
	const total = reader.countTasks(taskQuery);
	const after = readPlace(query.get('after'));
	const tasks = [...reader.tasks(taskQuery, PAGE_ROWS + 1, after)];
	const shown = tasks.slice(0, PAGE_ROWS);
	const last = shown.at(-1);
	const chosen = Object.fromEntries(filters.map(({column, value: text}) => [column, text]));
	const next =
		tasks.length > PAGE_ROWS && last !== undefined
			? link(pageAddress(base, 'tasks', {...chosen, after: writePlace(last)}), 'next')
			: '';
	const first = after === undefined ? '' : link(pageAddress(base, 'tasks', chosen), 'first');
	const rows = shown.map(row => {
		const task = readTaskState(row, reader.shape(row.shape_id));
		return [
			link(pageAddress(base, `tasks/${task.taskId}`), code(task.taskId)),
			task.attempt,
			task.name,
			state(task.state),
			row.error_type,
			link(pageAddress(base, `jobs/${task.jobId}`), task.jobId),
			formatTime(task.creationMs),
		];
	});
	return html`${renderFilterForm(query, FIELDS)}
		<p>
			${shown.length} of ${total} tasks ${first} ${next}
			${link(pageAddress(base, 'timeline', chosen), 'as a picture')}
		</p>
		${table(['Task', 'Attempt', 'Name', 'State', 'Error', 'Job', 'Made (UTC)'], rows)}
		<p>${next}</p>`;
}

function writePlace({task_id: id, attempt}: TaskPlace): string {
	return `${id}-${attempt}`;
}

/** Undefined for what is no place: the list then begins at its beginning. */
function readPlace(text: string | null): TaskPlace | undefined {
	const [, id, attempt] = /^([\da-f]{2,64})-(\d{1,9})$/.exec(text ?? '') ?? [];
	return id === undefined ? undefined : {task_id: id, attempt: Number(attempt)};
}

/** All attempts, the newest first. */
export function renderTask({reader, base}: PageRequest, id: string): Html | undefined {
	const filters: TaskFilter[] = [{column: 'task_id', isNegated: false, value: id}];
	const rows = [...reader.tasks({filters, excludesDrivers: false})];
	if (rows.length === 0) return undefined;
	const writer = new TaskWriter(reader, {redacts: true});
	return html`${rows.map(row => renderAttempt(JSON.parse(writer.write(row)) as Record<string, unknown>, base))}`;
}

const LINKS: Readonly<Record<string, string>> = {
	job_id: 'jobs',
	actor_id: 'actors',
	node_id: 'nodes',
	parent_task_id: 'tasks',
};

/** Shown in a way of their own. */
const APART = [
	'task_id',
	'attempt_number',
	'state',
	'events',
	'profiling_data',
	'error_message',
	'task_log_info',
];

function renderAttempt(task: Readonly<Record<string, unknown>>, base: string): Html {
	const entries = Object.entries(task)
		.filter(([name]) => !APART.includes(name))
		.map(([name, of]): readonly [string, HtmlPart] => [name, describe(name, of, base)]);
	const message = task['error_message'];
	const attempt = Number(task['attempt_number']);
	const events = readObjects(task['events']);
	const query = {task_id: String(task['task_id']), attempt_number: String(attempt)};
	const logs = ['out', 'err'].map(suffix => {
		const parameters = new URLSearchParams({...query, suffix}).toString();
		return html`${link(`${base}api/v0/logs/file?${parameters}`, suffix)} `;
	});
	return html`<h2>Attempt ${attempt}: ${state(String(task['state']))}</h2>
		${typeof message === 'string' ? html`<pre>${message}</pre>` : ''}
		${facts([...entries, ...(isObject(task['task_log_info']) ? [['log', logs] as const] : [])])}
		${table(
			['State', 'Since (UTC)'],
			events.map(event => [String(event['state']), formatPrecisely(event['created_ms'])]),
		)}`;
}

function describe(name: string, of: unknown, base: string): HtmlPart {
	const list = LINKS[name];
	if (list !== undefined && typeof of === 'string') return link(pageAddress(base, `${list}/${of}`), code(of));
	return name.endsWith('_ms') ? formatPrecisely(of) : value(of);
}

function formatPrecisely(ms: unknown): string {
	return typeof ms === 'number' ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : '';
}
