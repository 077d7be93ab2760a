import {once} from 'node:events';
import {request, type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';

export interface RawAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

/** A request whose path is sent as it is: others tidy it up first. */
export async function requestRaw(
	server: {readonly url: string},
	path: string,
	{method = 'GET', headers = {}}: {readonly method?: string; readonly headers?: Record<string, string>} = {},
): Promise<RawAnswer> {
	const {hostname, port} = new URL(server.url);
	const outgoing = request({host: hostname, port, path, method, headers, agent: false});
	outgoing.end();
	const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
	return {status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response)};
}
