import {defineConfig} from 'vitest/config';

export default defineConfig({
	test: {
		include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
		// Models and audio decoders are loaded once a file; two cores is what continuous integration has.
		pool: 'forks',
		maxWorkers: 2,
		testTimeout: 120_000,
		// What comes late on a busy machine is not wrong: what never comes is.
		expect: {poll: {timeout: 30_000}},
		setupFiles: ['test/helpers/wait-patiently.ts'],
		hookTimeout: 600_000,
	},
});
