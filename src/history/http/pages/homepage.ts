import type {SessionSummary} from '../../store/history-types.js';
import type {HistoryAnswer} from '../answer.js';
import {html} from './html.js';
import {formatTime, link, pageAddress, renderPage, sessionAddress, table} from './layout.js';

/** Where a cluster is chosen; links lead to addresses that can be sent on. */
export function renderHomepage(
	sessions: readonly SessionSummary[],
	hasDashboard: boolean,
	basePath: string,
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
			cluster.name,
			cluster.namespace,
			[cluster.ownerKind, cluster.ownerName].filter(Boolean).join(' '),
			link(base, name),
			...(hasDashboard ? [link(pageAddress(base, 'jobs'), 'lists')] : []),
			formatTime(firstMs),
			formatTime(lastMs),
		];
	});
	const heads = ['Cluster', 'Namespace', 'Owner', 'Session', ...(hasDashboard ? ['Plain'] : [])];
	return renderPage('Clusters', html``, [hint, table([...heads, 'Began (UTC)', 'Last event (UTC)'], rows)]);
}
