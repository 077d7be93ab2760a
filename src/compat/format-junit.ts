import type {CheckResult} from './check.js';

/** Judged checks of one part of the API. */
export interface GroupResults {
	readonly title: string;
	readonly results: readonly CheckResult[];
}

/** What XML 1.0 cannot hold, not even escaped. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/gu;

/** Results as continuous integration reads them: a suite for each group, a case for each check. */
export function formatJunit(groups: readonly GroupResults[], address: string): string {
	const all = groups.flatMap(({results}) => results);
	const suites = groups.map(
		({title, results}) =>
			`\t<testsuite name="${escape(title)}" ${totals(results)}>\n${results.map(formatCase).join('')}\t</testsuite>\n`,
	);
	return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escape(`infinisst compat ${address}`)}" ${totals(all)}>\n${suites.join('')}</testsuites>\n`;
}

function formatCase({check, outcome, durationMs}: CheckResult): string {
	const begin = `\t\t<testcase classname="${escape(check.id.split('.')[0]!)}" name="${escape(`${check.id}: ${check.title}`)}" time="${seconds(durationMs)}"`;
	switch (outcome.status) {
		case 'passed':
			return `${begin}/>\n`;
		case 'failed': {
			const {expected, seen} = outcome;
			const text = `expected ${expected}\nseen ${seen}\nrule: ${check.rule}`;
			return `${begin}>\n\t\t\t<failure message="${escape(`expected ${expected}`)}">${escape(text)}</failure>\n\t\t</testcase>\n`;
		}

		case 'skipped':
			return `${begin}>\n\t\t\t<skipped message="${escape(outcome.reason)}"/>\n\t\t</testcase>\n`;
	}
}

function totals(results: readonly CheckResult[]): string {
	const count = (status: string): number => results.filter(({outcome}) => outcome.status === status).length;
	const totalMs = results.reduce((sum, {durationMs}) => sum + durationMs, 0);
	return `tests="${results.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}" time="${seconds(totalMs)}"`;
}

function seconds(durationMs: number): string {
	return (durationMs / 1000).toFixed(3);
}

function escape(text: string): string {
	return text
		.replaceAll(UNFIT, '\uFFFD')
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;')
		.replaceAll('\n', '&#10;');
}
