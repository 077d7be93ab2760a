import type {CheckResult} from './check.js';

const WIDTH_OF_STATUS = 9;

/** A check that was judged, for people: a line, and for one that did not pass the reason below it. */
export function formatResult({check, outcome, durationMs}: CheckResult, idColumns: number): string {
	const word = outcome.status === 'failed' ? 'FAILED' : outcome.status;
	const seconds = `${(durationMs / 1000).toFixed(1)} s`;
	const first = `  ${word.padEnd(WIDTH_OF_STATUS)}${check.id.padEnd(idColumns + 2)}${check.title} (${seconds})`;
	return [first, ...reasonsOf(outcome).map(reason => ' '.repeat(WIDTH_OF_STATUS + 2) + reason)].join('\n');
}

/** How many there were of each, for people. */
export function formatSummary(results: readonly CheckResult[], address: string): string {
	const count = (status: string): number => results.filter(({outcome}) => outcome.status === status).length;
	return `${address}: ${results.length} checks, ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}

/** One object: a published format (docs/compat.md). */
export function formatJsonResult({check, outcome, durationMs}: CheckResult, group: string): string {
	const {id, title, rule} = check;
	return JSON.stringify({
		type: 'check',
		id,
		group,
		title,
		rule,
		...outcome,
		duration_ms: Math.round(durationMs),
	});
}

function reasonsOf(outcome: CheckResult['outcome']): string[] {
	switch (outcome.status) {
		case 'passed':
			return [];
		case 'failed':
			return [`expected  ${oneLine(outcome.expected)}`, `seen      ${oneLine(outcome.seen)}`];
		case 'skipped':
			return [oneLine(outcome.reason)];
	}
}

/** What a server sent must not steer the terminal. */
function oneLine(text: string): string {
	return text.replaceAll(/\p{Cc}+/gu, ' ');
}
