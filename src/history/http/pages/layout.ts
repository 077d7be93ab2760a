import {isObject} from '../../ingest/wire-values.js';
import type {SessionSummary} from '../../store/history-types.js';
import type {HistoryAnswer} from '../answer.js';
import {html, Html, type HtmlPart} from './html.js';

const STYLE = `:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:80rem;padding:0 1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.1rem}
nav a,form label{margin-right:1rem;white-space:nowrap}form{margin:.8rem 0}[aria-current]{font-weight:bold}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere;min-width:4rem}td.number{text-align:right}
dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.2rem 1rem}dd{margin:0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);padding:.6rem}
svg{display:block;width:100%;height:auto;font:10px system-ui,sans-serif}svg text{fill:currentColor}
.FINISHED,.SUCCEEDED,.ALIVE{color:#17803d}.FAILED,.DEAD{color:#c62828}
svg .FINISHED{fill:#2e9e5b}svg .FAILED{fill:#d64545}svg .RUNNING{fill:#4a86e8}`;

/** Nothing but what the page itself brings: not one script. */
const POLICY =
	"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

/**
 * The address under which a session can be sent on.
 *
 * @param basePath - where the history is mounted.
 */
export function sessionAddress(
	{cluster, name}: Pick<SessionSummary, 'cluster' | 'name'>,
	basePath: string,
): string {
	return `${basePath}/c/${[cluster.namespace, cluster.name, name].map(encodeURIComponent).join('/')}/`;
}

/** @param query - members without a value are left out. */
export function pageAddress(
	base: string,
	page: string,
	query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
	const parameters = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) {
		if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
	}

	const text = parameters.toString();
	return `${base}pages/${page}${text === '' ? '' : `?${text}`}`;
}

export function renderPage(title: string, navigation: Html, content: HtmlPart): HistoryAnswer {
	const page = html`<!doctype html>
		<html lang="en">
			<meta charset="utf-8" />
			<meta name="viewport" content="width=device-width" />
			<title>${title}</title>
			<style>
				${new Html(STYLE)}
			</style>
			${navigation}
			<main>
				<h1>${title}</h1>
				${content}
			</main>
		</html>`;
	return {
		status: 200,
		contentType: 'text/html; charset=utf-8',
		headers: {'content-security-policy': POLICY},
		body: page.text,
	};
}

export function table(heads: readonly string[], rows: readonly (readonly HtmlPart[])[]): Html {
	if (rows.length === 0) return html`<p>There are none.</p>`;
	const head = heads.map(text => html`<th scope="col">${text}</th>`);
	const body = rows.map(
		cells =>
			html`<tr>
				${cells.map(cell => html`<td>${cell}</td>`)}
			</tr>`,
	);
	return html`<div class="wide">
		<table>
			<thead>
				<tr>
					${head}
				</tr>
			</thead>
			<tbody>
				${body}
			</tbody>
		</table>
	</div>`;
}

/** Names and values, one below the other; what has no value is left out. */
export function facts(entries: readonly (readonly [name: string, value: HtmlPart])[]): Html {
	const rows = entries
		.filter(([, value]) => value !== null && value !== undefined && value !== '')
		.map(
			([name, value]) =>
				html`<dt>${name}</dt>
					<dd>${value}</dd>`,
		);
	return html`<dl>${rows}</dl>`;
}

/** Any value of an answer: text as it is, else as JSON. */
export function value(of: unknown): HtmlPart {
	if (of === null || of === undefined) return '';
	if (typeof of === 'string' || typeof of === 'number') return of;
	if (isObject(of) && Object.keys(of).length === 0) return '';
	return html`<code>${JSON.stringify(of)}</code>`;
}

/** A state in the colour of its kind. */
export function state(name: string): Html {
	return html`<span class="${name}">${name}</span>`;
}

export function link(address: string, text: HtmlPart): Html {
	return html`<a href="${address}">${text}</a>`;
}

export function code(text: string): Html {
	return html`<code>${text}</code>`;
}

/** @param ms - since 1970; nothing for none. @returns in UTC. */
export function formatTime(ms: number | null): string {
	return ms ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '';
}
