import {once} from 'node:events';
import {request, type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';

export interface RawAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface RawRequest {
	readonly method?: string;
	/** May say what is not true, such as another length. */
	readonly headers?: Record<string, string>;
	readonly body?: string;
}

/** A request whose path and headers are sent as they are: others tidy them up first. */
export async function requestRaw(
	server: {readonly url: string},
	path: string,
	{method = 'GET', headers = {}, body = ''}: RawRequest = {},
): Promise<RawAnswer> {
	const {hostname, port} = new URL(server.url);
	const outgoing = request({host: hostname, port, path, method, headers, agent: false});
	outgoing.end(body);
	const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
	// A connection may be cut once it was answered.
	outgoing.on('error', () => undefined);
	return {status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response)};
}
