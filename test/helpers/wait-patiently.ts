import {vi} from 'vitest';

/** As `expect.poll` is told to in vitest.config.ts: what comes late on a busy machine is not wrong. */
const TIMEOUT_MS = 30_000;

const {waitFor} = vi;

/** Vitest has no setting for it and gives up after a second. */
vi.waitFor = (callback, options) =>
	waitFor(callback, typeof options === 'number' ? options : {timeout: TIMEOUT_MS, ...options});
