/** As `app.swagger()` gives it. */
export interface DescribedPaths {
	readonly paths?: Readonly<
		Record<string, Readonly<Record<string, {readonly summary?: string} | undefined>> | undefined>
	>;
}

const METHODS = ['get', 'post', 'put', 'delete'];

/** A page for where there is no page: what the server can be asked. */
export function listEndpoints({paths = {}}: DescribedPaths): string {
	const rows = Object.entries(paths).flatMap(([path, methods = {}]) =>
		METHODS.filter(method => methods[method] !== undefined).map(
			method =>
				`<tr><td>${method.toUpperCase()}</td><td><code>${escape(path)}</code></td><td>${escape(methods[method]?.summary ?? '')}</td></tr>`,
		),
	);
	return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>infinisst</title></head>
<body>
<h1>infinisst</h1>
<p>The server is running. <a href="/docs">Documentation</a>, <a href="/health">health</a></p>
<table>
<tr><th>Method</th><th>Path</th><th></th></tr>
${rows.join('\n')}
</table>
</body>
</html>
`;
}

function escape(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
