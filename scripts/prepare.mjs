/**
 * What both README commands need before anything else works. No dependencies: runs before `npm ci` has.
 */
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Ends the process with one sentence if this Node is too old. */
export function assertNode() {
	const wanted = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).engines.node.replace(/^>=/, '');
	if (compareVersions(process.versions.node, wanted) >= 0) return;
	console.error(
		`infinisst needs Node ${wanted} or newer, but this is Node ${process.versions.node}: https://nodejs.org`,
	);
	process.exit(2);
}

function compareVersions(first, second) {
	return first.localeCompare(second, 'en', {numeric: true});
}

/** Installs the locked dependencies unless exactly those are installed already. @returns true if all is well */
export function installDependencies() {
	const installed = `${root}node_modules/.package-lock.json`;
	const isCurrent =
		existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
	return isCurrent || run('npm', ['ci']);
}

/** Runs a program in the project's folder, its output to ours. @returns true if it ends with 0 */
export function run(program, parameters, options = {}) {
	// On Windows npm is a script, which only a shell starts.
	const shell = process.platform === 'win32' && program === 'npm';
	const {status, error} = spawnSync(program, parameters, {cwd: root, stdio: 'inherit', shell, ...options});
	if (error !== undefined) console.error(`Cannot start ${program}: ${error.message}`);
	return status === 0;
}

/** Path of a program that a dependency brings. */
export function toolPath(packageName, file) {
	return `${root}node_modules/${packageName}/${file}`;
}
