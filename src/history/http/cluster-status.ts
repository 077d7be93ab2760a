import type {NodeRecord} from '../ingest/entity-records.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerJsonText, answerResult, type HistoryAnswer} from './answer.js';
import {formatAmount, formatMemory, isHead} from './node-answers.js';
import type {HistoryRequest} from './request.js';

/** `GET /api/cluster_status[?format=1]`: the last that was polled, else what is known of the nodes. */
export function answerClusterStatus(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const isFormatted = query.get('format') === '1';
	const polled = reader.snapshot('/api/cluster_status', kept => (kept.get('format') === '1') === isFormatted);
	if (polled !== undefined) return answerJsonText(polled.body);
	if (isFormatted) {
		return answerResult('Got formatted cluster status.', {clusterStatus: describeStatus(reader)});
	}

	return answerResult('Got cluster status.', {
		autoscalingStatus: null,
		autoscalingError: null,
		clusterStatus: null,
	});
}

function describeStatus(reader: SessionReader): string {
	const nodes = reader.entities('node');
	const alive = nodes.filter(({state}) => state === 'ALIVE');
	const dead = nodes.filter(({state}) => state === 'DEAD');
	const line = '-'.repeat(63);
	const at = new Date(reader.session.lastMs ?? 0).toISOString().replace('T', ' ').replace('Z', '000');
	return [
		`======== Autoscaler status: ${at} ========`,
		'Node status',
		line,
		'Active:',
		...(alive.length === 0 ? [' (no active nodes)'] : alive.map(node => ` 1 node_${node.nodeId}`)),
		'Pending:',
		' (no pending nodes)',
		'Recent failures:',
		...(dead.length === 0
			? [' (no failures)']
			: dead.map(node => ` node_${node.nodeId}: ${node.deathReason}`)),
		'',
		'Resources',
		line,
		'Total Usage:',
		...describeTotals(alive.length > 0 ? alive : nodes.filter(isHead)),
		'',
		'From request_resources:',
		' (none)',
		'Pending Demands:',
		' (no resource demands)',
	].join('\n');
}

function describeTotals(nodes: readonly NodeRecord[]): readonly string[] {
	const totals = new Map<string, number>();
	for (const {resources} of nodes) {
		for (const [name, amount] of Object.entries(resources)) {
			if (!name.startsWith('node:')) totals.set(name, (totals.get(name) ?? 0) + amount);
		}
	}

	return [...totals]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, amount]) =>
			name.endsWith('memory')
				? ` 0B/${formatMemory(amount)} ${name}`
				: ` 0.0/${formatAmount(amount)} ${name}`,
		);
}
