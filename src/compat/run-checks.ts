import type {Check, CheckOutcome, CheckResult} from './check.js';
import {CheckContext, type CheckParts} from './check-context.js';
import {startDeadline} from './deadline.js';
import {Mismatch, NotApplicable} from './mismatch.js';

/**
 * Judges one check, within its time. What it opened is closed afterwards.
 *
 * @throws `signal.reason`.
 */
export async function runCheck(check: Check, parts: CheckParts, signal: AbortSignal): Promise<CheckResult> {
	signal.throwIfAborted();
	const {settings} = parts;
	const startedMs = performance.now();
	const deadline = startDeadline(settings.timeoutMs + (check.extraMs?.(settings) ?? 0), signal);
	const context = new CheckContext(parts, deadline.signal);
	let outcome: CheckOutcome;
	try {
		await check.run(context);
		outcome = {status: 'passed'};
	} catch (error) {
		outcome = outcomeOf(error);
	} finally {
		deadline.stop();
		await context.cleanUp();
	}

	signal.throwIfAborted();
	return {check, outcome, durationMs: performance.now() - startedMs};
}

/**
 * Judges one check after the other; none depends on another.
 *
 * @throws `signal.reason`.
 */
export async function* runChecks(
	checks: readonly Check[],
	parts: CheckParts,
	signal: AbortSignal,
): AsyncGenerator<CheckResult, void, undefined> {
	for (const check of checks) yield await runCheck(check, parts, signal);
}

function outcomeOf(error: unknown): CheckOutcome {
	if (error instanceof Mismatch) return {status: 'failed', expected: error.expected, seen: error.seen};
	if (error instanceof NotApplicable) return {status: 'skipped', reason: error.message};
	// A fault of the check: the others are judged all the same.
	const seen = error instanceof Error ? error.message : String(error);
	return {status: 'failed', expected: 'answers that can be judged', seen};
}
