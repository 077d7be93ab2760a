import type {LogFile} from '../../store/history-types.js';
import {html, type Html} from './html.js';
import {code, link, pageAddress, table} from './layout.js';
import type {PageRequest} from './session-page.js';

/** So much of a file is shown at once: what a browser lays out without a pause. */
const WINDOW_BYTES = 256 * 1024;

export function renderLogs(request: PageRequest): Html | undefined {
	const {reader, base, query} = request;
	const nodeId = query.get('node_id') ?? '';
	const path = query.get('file') ?? '';
	if (path !== '') {
		const file = reader.logFile(nodeId, path);
		return file === undefined ? undefined : renderFile(request, file);
	}

	const part = query.get('part') ?? '';
	const files = reader.logFiles(nodeId === '' ? undefined : nodeId).filter(file => file.path.includes(part));
	return html`<form>
			<label>part of the name <input name="part" value="${part}" /></label>
			<label>node_id <input name="node_id" value="${nodeId}" /></label><button>show</button>
		</form>
		${table(
			['Node', 'File', 'Bytes'],
			files.map(file => [
				link(pageAddress(base, `nodes/${file.nodeId}`), code(file.nodeId)),
				link(pageAddress(base, 'logs', {node_id: file.nodeId, file: file.path}), file.path),
				file.sizeBytes,
			]),
		)}`;
}

/** Its end, unless the address says from which byte on. */
function renderFile({reader, base, query}: PageRequest, {id, nodeId, path, sizeBytes}: LogFile): Html {
	const lastFrom = Math.max(0, sizeBytes - WINDOW_BYTES);
	const from = readOffset(query.get('from'), lastFrom);
	const end = Math.min(sizeBytes, from + WINDOW_BYTES);
	const text = Buffer.concat([...reader.readLog(id, from, end)]).toString('utf8');
	const at = (offset: number, name: string) =>
		html`${link(pageAddress(base, 'logs', {node_id: nodeId, file: path, from: offset}), name)} `;
	const whole = new URLSearchParams({node_id: nodeId, filename: path, lines: '-1'}).toString();
	return html`<h2>${path}</h2>
		<p>
			${sizeBytes === 0 ? 'It is empty.' : html`Bytes ${from + 1} to ${end} of ${sizeBytes}. `}
			${from > 0 ? [at(0, 'beginning'), at(Math.max(0, from - WINDOW_BYTES), 'earlier')] : ''}
			${end < sizeBytes ? [at(Math.min(lastFrom, end), 'later'), at(lastFrom, 'end')] : ''}
			${link(`${base}api/v0/logs/file?${whole}`, 'whole file')}
		</p>
		<pre>${text}</pre>`;
}

function readOffset(text: string | null, last: number): number {
	return text !== null && /^\d{1,15}$/.test(text) ? Math.min(Number(text), last) : last;
}
