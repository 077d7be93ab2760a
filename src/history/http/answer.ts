/** What a request is answered with, without a server. */
export interface HistoryAnswer {
	readonly status: number;
	readonly contentType: string;
	/** Others than the content's type. */
	readonly headers?: Readonly<Record<string, string>>;
	/** Changes whenever the body may: tells apart what is too long to be compared. */
	readonly version?: string;
	/** Text, bytes, or pieces of either that are sent one after the other. */
	readonly body: string | Buffer | Iterable<string | Buffer>;
}

/** One that is whole. */
export interface WholeAnswer extends HistoryAnswer {
	readonly body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export function answerJson(value: unknown, status = 200): WholeAnswer {
	return {status, contentType: JSON_TYPE, body: JSON.stringify(value)};
}

/** JSON that was made elsewhere. */
export function answerJsonText(
	body: HistoryAnswer['body'],
	headers: Readonly<Record<string, string>> = {},
): HistoryAnswer {
	return {status: 200, contentType: JSON_TYPE, headers, body};
}

export function answerText(body: string, status: number): HistoryAnswer {
	return {status, contentType: TEXT_TYPE, body};
}

/** The envelope of most of the head's answers. */
export function answerResult(message: string, data: unknown, status = 200): WholeAnswer {
	return answerJson({result: status === 200, msg: message, data}, status);
}

/** The head's own words for an address it does not know. */
export const NOT_FOUND = answerText('404: Not Found', 404);

/** The head's own words for a request it does not cope with. */
export const SERVER_FAULT = answerText('500 Internal Server Error\n\nServer got itself in trouble', 500);
