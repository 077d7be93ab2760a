import type {SessionReader} from '../../store/session-reader.js';
import {NOT_FOUND, type HistoryAnswer} from '../answer.js';
import {renderActor, renderActors} from './actor-pages.js';
import {html, type Html} from './html.js';
import {renderJob, renderJobs} from './job-pages.js';
import {link, pageAddress, renderPage, sessionAddress} from './layout.js';
import {renderLogs} from './log-pages.js';
import {renderNode, renderNodes} from './node-pages.js';
import {renderTask, renderTasks} from './task-pages.js';
import {renderTimeline} from './timeline-page.js';

/** What a page is made from. */
export interface PageRequest {
	readonly reader: SessionReader;
	/** "/c/default/name/session/" */
	readonly base: string;
	readonly query: URLSearchParams;
}

/** Undefined for a thing that is not there. */
type Page = (request: PageRequest, id: string) => Html | undefined;

const LISTS: Readonly<Record<string, Page>> = {
	jobs: renderJobs,
	tasks: renderTasks,
	actors: renderActors,
	nodes: renderNodes,
	logs: renderLogs,
	timeline: renderTimeline,
};

const DETAILS: Readonly<Record<string, Page>> = {
	jobs: renderJob,
	tasks: renderTask,
	actors: renderActor,
	nodes: renderNode,
};

/** Jobs, tasks, actors, nodes, logs and the timeline of one session: each an address, and none with a script. */
export function renderSessionPage(
	reader: SessionReader,
	path: string,
	query: URLSearchParams,
	basePath = '',
): HistoryAnswer {
	const [, , list = 'jobs', id = '', ...others] = path === '/' ? [] : path.split('/');
	const pages = id === '' ? LISTS : DETAILS;
	if (!Object.hasOwn(pages, list) || others.length > 0) return NOT_FOUND;
	const base = sessionAddress(reader.session, basePath);
	const content = pages[list]!({reader, base, query}, id);
	if (content === undefined) return NOT_FOUND;
	const {cluster, name} = reader.session;
	const title = `${cluster.name}, ${name}`;
	return renderPage(id === '' ? title : `${id} of ${title}`, renderNavigation(base, list, basePath), content);
}

function renderNavigation(base: string, current: string, basePath: string): Html {
	const links = Object.keys(LISTS).map(list =>
		list === current
			? html`<a href="${pageAddress(base, list)}" aria-current="page">${list}</a>`
			: link(pageAddress(base, list), list),
	);
	return html`<nav><a href="${basePath}/homepage">clusters</a>${links}</nav>`;
}
