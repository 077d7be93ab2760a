import type {CheckContext, CompatSettings} from './check-context.js';

/** What came of a check. `expected` and `seen` are sentences for people; they hold no key. */
export type CheckOutcome =
	| {readonly status: 'passed'}
	| {readonly status: 'failed'; readonly expected: string; readonly seen: string}
	| {readonly status: 'skipped'; readonly reason: string};

/** One rule of the contract, judged from outside. */
export interface Check {
	/** Stable: group, full stop, rule. */
	readonly id: string;
	/** What a right server does, one sentence without a full stop. */
	readonly title: string;
	/** The words of the contract that it stands for. */
	readonly rule: string;
	/** What it waits for by its nature, beside the time that every check has. */
	readonly extraMs?: (settings: CompatSettings) => number;
	/**
	 * Returns if the rule holds.
	 *
	 * @throws {Mismatch} if it does not.
	 * @throws {NotApplicable} if it cannot be judged here.
	 */
	run(context: CheckContext): Promise<void>;
}

export interface CheckResult {
	readonly check: Check;
	readonly outcome: CheckOutcome;
	readonly durationMs: number;
}
