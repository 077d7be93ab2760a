import type {ActorRecord} from '../../ingest/entity-records.js';
import {html, type Html} from './html.js';
import {code, facts, formatTime, link, pageAddress, state, table, value} from './layout.js';
import type {PageRequest} from './session-page.js';

const MAX_ROWS = 1000;

const FILTERS: Readonly<Record<string, (actor: ActorRecord) => string>> = {
	state: actor => actor.state,
	class_name: actor => actor.className,
	name: actor => actor.name,
	job_id: actor => actor.jobId,
	node_id: actor => actor.nodeId,
};

export function renderActors({reader, base, query}: PageRequest): Html {
	const wanted = Object.entries(FILTERS).flatMap(([name, read]) => {
		const text = query.get(name)?.toLowerCase() ?? '';
		return text === '' ? [] : [(actor: ActorRecord) => read(actor).toLowerCase() === text];
	});
	const actors = reader.entities('actor').filter(actor => wanted.every(test => test(actor)));
	const inputs = Object.keys(FILTERS).map(
		name => html`<label>${name} <input name="${name}" value="${query.get(name)}" /></label> `,
	);
	return html`<form>${inputs}<button>show</button></form>
		<p>${Math.min(actors.length, MAX_ROWS)} of ${actors.length} actors</p>
		${table(
			['Actor', 'Class', 'Name', 'State', 'Restarts', 'Job', 'Began (UTC)', 'Ended (UTC)'],
			actors
				.slice(0, MAX_ROWS)
				.map(actor => [
					link(pageAddress(base, `actors/${actor.actorId}`), code(actor.actorId)),
					actor.className,
					actor.name,
					state(actor.state),
					actor.restarts,
					link(pageAddress(base, `jobs/${actor.jobId}`), actor.jobId),
					formatTime(actor.startMs),
					formatTime(actor.endMs),
				]),
		)}`;
}

export function renderActor({reader, base}: PageRequest, id: string): Html | undefined {
	const actor = reader.entity('actor', id);
	if (actor === undefined) return undefined;
	const log = (suffix: string) =>
		html`${link(`${base}api/v0/logs/file?${new URLSearchParams({actor_id: id, suffix}).toString()}`, suffix)} `;
	return facts([
		['Class', actor.className],
		['Name', actor.name],
		['Shown as', actor.displayName],
		['State', state(actor.state)],
		[
			'Why it died',
			actor.deathCause === null ? '' : html`<pre>${JSON.stringify(actor.deathCause, undefined, 2)}</pre>`,
		],
		['Job', link(pageAddress(base, `jobs/${actor.jobId}`), actor.jobId)],
		['Node', actor.nodeId === '' ? '' : link(pageAddress(base, `nodes/${actor.nodeId}`), code(actor.nodeId))],
		['Worker', actor.workerId],
		['Process', actor.pid === 0 ? '' : actor.pid],
		['Restarts', actor.restarts],
		['Resources', value(actor.requiredResources)],
		['Placement group', actor.placementGroupId],
		['Began (UTC)', formatTime(actor.startMs)],
		['Ended (UTC)', formatTime(actor.endMs)],
		['Tasks', link(pageAddress(base, 'tasks', {actor_id: id}), 'tasks')],
		['Log', [log('out'), log('err')]],
	]);
}
