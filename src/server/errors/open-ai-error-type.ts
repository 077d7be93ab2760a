/** What OpenAI calls errors that are answered with a status. */
export function openAiErrorType(status: number): string {
	if (status >= 500) return 'server_error';
	return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}
