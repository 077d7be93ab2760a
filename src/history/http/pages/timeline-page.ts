import {STATE_FAILED, STATE_FINISHED, STATE_RUNNING} from '../../ingest/ray-enums.js';
import type {TaskMark} from '../../ingest/settle-task.js';
import {toMilliseconds} from '../../ingest/wire-values.js';
import {readTaskState, withMark} from '../task-json.js';
import {html, type Html} from './html.js';
import {link, pageAddress} from './layout.js';
import type {PageRequest} from './session-page.js';
import {readTaskFilters, renderFilterForm} from './task-pages.js';

/** More than these no screen shows apart, and a browser takes seconds to draw. */
const MAX_TASKS = 4000;

const WIDTH = 1200;
const LABEL_WIDTH = 130;
const ROW_HEIGHT = 16;
const AXIS_HEIGHT = 20;

interface Bar {
	readonly taskId: string;
	readonly name: string;
	readonly state: string;
	readonly startMs: number;
	readonly endMs: number;
}

/** When each worker ran what: a row for each worker, a bar for each attempt, as a picture in the page itself. */
export function renderTimeline({reader, base, query}: PageRequest): Html {
	const taskQuery = {filters: readTaskFilters(query), excludesDrivers: true};
	const total = reader.countTasks(taskQuery);
	const workers = readBars({reader}, taskQuery);
	const jobId = query.get('job_id');
	const file = `${base}api/v0/tasks/timeline?${new URLSearchParams({download: '1', ...(jobId ? {job_id: jobId} : {})}).toString()}`;
	return html`${renderFilterForm(query, ['job_id', 'name', 'actor_id', 'node_id'])}
		<p>
			${total > MAX_TASKS ? `The first ${MAX_TASKS} of ${total} tasks: choose fewer above. ` : `${total} tasks. `}
			${link(file, "as a file for Perfetto or Chrome's trace viewer")}
		</p>
		${workers.size === 0 ? html`<p>None of them ran.</p>` : draw(workers, base)}`;
}

function readBars(
	{reader}: Pick<PageRequest, 'reader'>,
	query: Parameters<PageRequest['reader']['tasks']>[0],
): ReadonlyMap<string, readonly Bar[]> {
	const workers = new Map<string, Bar[]>();
	for (const row of reader.tasks(query, MAX_TASKS)) {
		const task = readTaskState(row, reader.shape(row.shape_id));
		const mark = row.mark === null ? null : (JSON.parse(row.mark) as TaskMark);
		const times = new Map(withMark(task.detail.states, mark));
		const start = times.get(STATE_RUNNING);
		if (start === undefined) continue;
		const startMs = toMilliseconds(start);
		const end = times.get(STATE_FAILED) ?? times.get(STATE_FINISHED);
		const endMs = end === undefined ? (reader.session.lastMs ?? startMs) : toMilliseconds(end);
		const worker = task.workerId ?? '';
		const bars = workers.get(worker) ?? [];
		workers.set(worker, bars);
		bars.push({
			taskId: task.taskId,
			name: task.name,
			state: task.state,
			startMs,
			endMs: Math.max(startMs, endMs),
		});
	}

	return workers;
}

function draw(workers: ReadonlyMap<string, readonly Bar[]>, base: string): Html {
	let firstMs = Infinity;
	let lastMs = -Infinity;
	for (const bars of workers.values()) {
		for (const {startMs, endMs} of bars) {
			firstMs = Math.min(firstMs, startMs);
			lastMs = Math.max(lastMs, endMs);
		}
	}

	const scale = (WIDTH - LABEL_WIDTH) / Math.max(1, lastMs - firstMs);
	const toX = (ms: number) => LABEL_WIDTH + (ms - firstMs) * scale;
	const height = AXIS_HEIGHT + workers.size * ROW_HEIGHT;
	const ticks = Array.from({length: 6}, (_, index) => {
		const ms = firstMs + ((lastMs - firstMs) * index) / 5;
		const [x, anchor] = [toX(ms).toFixed(1), index === 5 ? 'end' : 'start'];
		return html`<line x1="${x}" y1="0" x2="${x}" y2="${height}" stroke="#8886" /><text
				x="${x}"
				y="10"
				text-anchor="${anchor}"
				>${formatOffset(ms - firstMs)}</text
			>`;
	});
	// Workers in the order in which they began.
	const rows = [...workers]
		.map(([worker, bars]) => ({worker, bars: [...bars].sort((a, b) => a.startMs - b.startMs)}))
		.sort((a, b) => a.bars[0]!.startMs - b.bars[0]!.startMs)
		.map(({worker, bars}, index) => {
			const y = AXIS_HEIGHT + index * ROW_HEIGHT;
			const shapes = bars.map(bar => {
				const width = Math.max(1, (bar.endMs - bar.startMs) * scale).toFixed(1);
				const title = `${bar.name}, ${bar.state}, ${formatOffset(bar.endMs - bar.startMs)}`;
				return html`<a href="${pageAddress(base, `tasks/${bar.taskId}`)}"
					><rect
						class="${bar.state}"
						x="${toX(bar.startMs).toFixed(1)}"
						y="${y + 2}"
						width="${width}"
						height="${ROW_HEIGHT - 4}"
						><title>${title}</title></rect
					></a
				>`;
			});
			return html`<text x="0" y="${y + 12}">${worker.slice(0, 16)}<title>${worker}</title></text>${shapes}`;
		});
	const began = new Date(firstMs).toISOString().slice(0, 19).replace('T', ' ');
	return html`<svg
		viewBox="0 0 ${WIDTH} ${height}"
		role="img"
		aria-label="When each worker ran what, from ${began} UTC on"
	>
		${ticks}${rows}
	</svg>`;
}

function formatOffset(ms: number): string {
	if (ms < 1000) return `${ms.toFixed(0)} ms`;
	return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
