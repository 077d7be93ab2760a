/**
 * `npm run check`: installs, builds, and passes every check of the project. Ends with `N passed, N failed`:
 * the tests, and each other step counted as one.
 *
 * `INFINISST_REQUIRE_ALL=1`, for continuous integration: a skipped test is a failure, and a fresh clone must
 * install and run. `INFINISST_CHECK_RESULT` names a file for the last line.
 */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {assertNode, installDependencies, root, run, toolPath} from './prepare.mjs';

/** What no installation can change: such a test may be skipped everywhere. */
const beyondInstallation = /\(needs a user other than root\)/;

assertNode();
const requiresAll = Boolean(process.env.INFINISST_REQUIRE_ALL);
const scratch = mkdtempSync(join(tmpdir(), 'infinisst-check-'));
let passed = 0;
let failed = 0;
const failures = [];

try {
	// Nothing else can work without these two.
	if (step('install', installDependencies) && step('build', () => run('npm', ['run', '--silent', 'build']))) {
		step('lint', () => tool('eslint', 'bin/eslint.js', '.'));
		step('format', () => tool('prettier', 'bin/prettier.cjs', '--check', '--log-level', 'warn', '.'));
		step('types', () => tool('typescript', 'bin/tsc', '--noEmit'));
		step('types of the page', () => tool('typescript', 'bin/tsc', '--noEmit', '-p', 'src/server/web/page'));
		if (requiresAll) step('fresh clone', runFreshClone);
		runTests();
	}
} finally {
	rmSync(scratch, {recursive: true, force: true});
}

for (const failure of failures) console.log(`failed: ${failure}`);
const result = `${passed} passed, ${failed} failed`;
if (process.env.INFINISST_CHECK_RESULT) writeFileSync(process.env.INFINISST_CHECK_RESULT, `${result}\n`);
console.log(result);
process.exitCode = failed === 0 ? 0 : 1;

function step(name, work) {
	console.log(`\n== ${name}`);
	const isGood = work();
	count(isGood, name);
	return isGood;
}

function count(isGood, name) {
	if (isGood) passed++;
	else {
		failed++;
		failures.push(name);
	}
}

function tool(packageName, file, ...parameters) {
	return run(process.execPath, [toolPath(packageName, file), ...parameters]);
}

/** What a stranger does: clone, install with an empty cache and home, build, run. */
function runFreshClone() {
	const clone = join(scratch, 'clone');
	const home = join(scratch, 'home');
	const environment = {
		...process.env,
		HOME: home,
		npm_config_cache: join(home, 'npm-cache'),
		npm_config_userconfig: process.env.npm_config_userconfig,
	};
	const inClone = (program, ...parameters) => run(program, parameters, {cwd: clone, env: environment});
	return (
		run('git', ['clone', '--quiet', '--no-hardlinks', root, clone]) &&
		inClone('npm', 'ci', '--silent') &&
		inClone('npm', 'run', '--silent', 'build') &&
		inClone(process.execPath, 'bin/infinisst.js', '--version')
	);
}

function runTests() {
	console.log('\n== tests');
	const report = join(scratch, 'tests.json');
	const isGood = tool(
		'vitest',
		'vitest.mjs',
		'run',
		'--reporter=default',
		'--reporter=json',
		`--outputFile.json=${report}`,
	);
	const before = failed;
	for (const {title, status} of readTests(report)) {
		if (status === 'passed') passed++;
		else if (status === 'failed') count(false, title);
		else if (requiresAll && !beyondInstallation.test(title)) count(false, `skipped: ${title}`);
	}

	// A file that could not be loaded, or an error outside of any test.
	if (!isGood && failed === before) count(false, 'tests: see above');
}

function readTests(report) {
	try {
		return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(file =>
			file.assertionResults.map(({fullName, status}) => ({title: fullName, status})),
		);
	} catch {
		return [];
	}
}
