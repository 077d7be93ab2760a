import type {LiveCluster} from '../../live/live-clusters.js';
import type {ClusterKey, SessionSummary} from '../../store/history-types.js';
import type {HistoryAnswer} from '../answer.js';
import {html, type HtmlPart} from './html.js';
import {formatTime, link, pageAddress, renderPage, sessionAddress, table} from './layout.js';

export interface HomepageOptions {
	/** Whether Ray's own page is installed. */
	readonly hasDashboard: boolean;
	readonly basePath: string;
	/** Whose heads are asked themselves. */
	readonly live: readonly LiveCluster[];
}

/** Where a cluster is chosen; links lead to addresses that can be sent on. */
export function renderHomepage(
	sessions: readonly SessionSummary[],
	{hasDashboard, basePath, live}: HomepageOptions,
): HistoryAnswer {
	const hint = hasDashboard
		? ''
		: html`<p>
				Ray's own dashboard is not installed here: <code>infinisst history dashboard install</code> fetches
				it.
			</p>`;
	const rows = sessions.map(session => {
		const {cluster, name, firstMs, lastMs} = session;
		const base = sessionAddress(session, basePath);
		return [
			...describeCluster(cluster),
			link(base, name),
			...(hasDashboard ? [link(pageAddress(base, 'jobs'), 'lists')] : []),
			formatTime(firstMs),
			formatTime(lastMs),
		];
	});
	const heads = ['Cluster', 'Namespace', 'Owner', 'Session', ...(hasDashboard ? ['Plain'] : [])];
	return renderPage('Clusters', html``, [
		hint,
		live.length === 0 ? '' : renderLive(live, basePath),
		table([...heads, 'Began (UTC)', 'Last event (UTC)'], rows),
	]);
}

function renderLive(live: readonly LiveCluster[], basePath: string): HtmlPart {
	const rows = live.map(({cluster, firstMs}) => [
		...describeCluster(cluster),
		link(sessionAddress({cluster, name: 'live'}, basePath), 'live'),
		formatTime(firstMs),
	]);
	return [
		html`<h2>Alive</h2>`,
		table(['Cluster', 'Namespace', 'Owner', 'Session', 'Began (UTC)'], rows),
		html`<h2>Kept</h2>`,
	];
}

function describeCluster({name, namespace, ownerKind, ownerName}: ClusterKey): readonly string[] {
	return [name, namespace, [ownerKind, ownerName].filter(Boolean).join(' ')];
}
