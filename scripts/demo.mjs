/**
 * `npm run demo`: installs, builds, fetches the default model, and does the main job on the two recordings
 * that come with the program.
 */
import {assertNode, installDependencies, root, run} from './prepare.mjs';

assertNode();
const infinisst = (...parameters) => run(process.execPath, [`${root}bin/infinisst.js`, ...parameters]);
const steps = [
	installDependencies,
	() => run('npm', ['run', '--silent', 'build']),
	() => infinisst('models', 'pull'),
	() => say('Captions of examples/kennedy-1961.flac:'),
	() => infinisst('translate', 'examples/kennedy-1961.flac', '--to', 'same', '--format', 'srt'),
	() => say('English translation of examples/spanish-synthesised.flac:'),
	() => infinisst('translate', 'examples/spanish-synthesised.flac', '--to', 'en'),
];

process.exitCode = steps.every(step => step()) ? 0 : 1;

function say(sentence) {
	console.log(`\n${sentence}\n`);
	return true;
}
