/** Whether the parser of forms has failed at a body: bare errors, for a boundary that is missing or too long, and a form that breaks off. */
export function isFormFault(error: unknown): boolean {
	return (
		error instanceof Error &&
		Object.getPrototypeOf(error) === Error.prototype &&
		!('code' in error) &&
		!('statusCode' in error)
	);
}
