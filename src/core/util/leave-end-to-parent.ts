/**
 * For processes that end when their parent does: Ctrl-C in a terminal, and what stops services, tell every process of a
 * program at once, and the parent may still need this one for what it has to finish.
 */
export function leaveEndToParent(): void {
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
}
