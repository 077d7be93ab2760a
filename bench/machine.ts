import {createRequire} from 'node:module';
import {availableParallelism, cpus, loadavg, totalmem} from 'node:os';

const require = createRequire(import.meta.url);

/** Where and under what load a figure was measured; goes beside every figure. */
export function describeMachine(): Record<string, unknown> {
	return {
		processor: cpus()[0]?.model ?? 'unknown',
		cores: availableParallelism(),
		memoryGiB: Math.round(totalmem() / 2 ** 30),
		platform: `${process.platform} ${process.arch}`,
		node: process.version,
		v8: process.versions.v8,
		onnxruntime: (require('onnxruntime-node/package.json') as {version: string}).version,
		loadAverage1Minute: loadavg()[0],
		date: new Date().toISOString(),
	};
}

/** The same in a few words, without the load. */
export function describeMachineShortly(machine: Readonly<Record<string, unknown>>): string {
	return `${String(machine['processor'])}, ${String(machine['cores'])} cores, Node ${String(machine['node'])}, onnxruntime ${String(machine['onnxruntime'])}, load ${Number(machine['loadAverage1Minute']).toFixed(1)}`;
}
