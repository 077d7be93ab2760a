import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';

import type {Environment} from '../../core/models/sources/pip.js';
import type {DashboardSource} from './dashboard-source.js';
import {readPageFiles} from './wheel-record.js';

const PYTHONS = ['python3', 'python', 'py'] as const;

/** Asks for the package without importing it: that takes seconds. */
const SCRIPT = `import importlib.metadata as m, json
d = m.distribution('ray')
print(json.dumps([d.version, str(d.locate_file('')), d.read_text('RECORD') or '']))`;

/**
 * The Ray that is installed for the Python on the path. Undefined when there is none, or it holds no page,
 * as one that is built from its sources does not.
 */
export async function openInstalledRaySource(
	environment: Environment,
	signal?: AbortSignal,
): Promise<DashboardSource | undefined> {
	for (const python of PYTHONS) {
		const result = await execa(python, ['-c', SCRIPT], {
			env: Object.fromEntries(
				Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
			),
			extendEnv: false,
			stdin: 'ignore',
			reject: false,
			timeout: 30_000,
			...(signal && {cancelSignal: signal}),
		});
		signal?.throwIfAborted();
		if (result.failed) continue;
		try {
			const [version, root, record] = JSON.parse(result.stdout) as [string, string, string];
			return {
				version,
				description: `Ray ${version} in ${root}`,
				files: readPageFiles(record, root),
				read: ({member}) => readFile(join(root, member)),
				close: () => undefined,
			};
		} catch {
			// Not a package with a page: another Python may have one.
		}
	}

	return undefined;
}
