import type {Html} from './html.js';
import {code, facts, formatTime, link, pageAddress, state, table, value} from './layout.js';
import type {PageRequest} from './session-page.js';

export function renderNodes({reader, base}: PageRequest): Html {
	const tasks = reader.countTasksByNode();
	return table(
		['Node', 'Address', 'Host', 'State', 'Why it died', 'Tasks', 'Began (UTC)', 'Ended (UTC)'],
		reader
			.entities('node')
			.map(node => [
				link(pageAddress(base, `nodes/${node.nodeId}`), code(node.nodeId)),
				node.ip,
				node.hostname,
				state(node.state),
				node.deathMessage,
				tasks.get(node.nodeId) ?? 0,
				formatTime(node.startMs),
				formatTime(node.endMs),
			]),
	);
}

export function renderNode({reader, base}: PageRequest, id: string): Html | undefined {
	const node = reader.entity('node', id);
	if (node === undefined) return undefined;
	return facts([
		['State', state(node.state)],
		['Why it died', [node.deathReason, ' ', node.deathMessage]],
		['Address', node.ip],
		['Host', node.hostname],
		['Name', node.name],
		['Instance', [node.instanceTypeName, ' ', node.instanceId]],
		['Resources', value(node.resources)],
		['Labels', value(node.labels)],
		['Began (UTC)', formatTime(node.startMs)],
		['Ended (UTC)', formatTime(node.endMs)],
		['Tasks', link(pageAddress(base, 'tasks', {node_id: id}), 'tasks')],
		['Actors', link(pageAddress(base, 'actors', {node_id: id}), 'actors')],
		['Logs', link(pageAddress(base, 'logs', {node_id: id}), 'logs')],
	]);
}
