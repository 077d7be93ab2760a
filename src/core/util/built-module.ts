/**
 * The test runner loads the sources as they are, but its loader does not reach into threads and processes: there,
 * the built file stands in for the source.
 *
 * @param module - `import.meta.resolve('./x-thread.js')`.
 */
export function builtModule(module: string): URL {
	const source = /\/src\/(?=core\/|history\/)/;
	return new URL(source.test(module) ? module.replace(source, '/dist/').replace(/\.ts$/, '.js') : module);
}
