import type {TestServer} from './open-test-server.js';

export interface ApiRoute {
	readonly method: string;
	/** With made-up values for its parameters. */
	readonly path: string;
	readonly isSocket: boolean;
}

interface Description {
	readonly paths: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

/** All routes that `/openapi.json` names. */
export async function listApiRoutes(
	server: TestServer,
	headers: Record<string, string> = {},
): Promise<ApiRoute[]> {
	const answer = await fetch(`${server.url}/openapi.json`, {headers});
	const {paths} = (await answer.json()) as Description;
	return Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			method: method.toUpperCase(),
			path: path.replaceAll(/\{[^}]+\}/g, 'made-up'),
			isSocket: operation['x-websocket'] === true,
		})),
	);
}
