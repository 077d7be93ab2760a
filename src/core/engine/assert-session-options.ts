import {InfinisstError} from '../errors.js';
import {LATENCY_MULTIPLIERS, type EngineCapabilities, type SessionOptions} from './engine.js';

/**
 * @throws {InfinisstError} `OPTION_INVALID` for values that no engine knows; `LANGUAGE_PAIR_UNSUPPORTED` for
 * languages that this one does not.
 */
export function assertSessionOptions(options: SessionOptions, capabilities: EngineCapabilities): void {
	const {sourceLanguage, targets, latencyMultiplier = 2, policy} = options;
	if (targets.length === 0 || new Set(targets).size < targets.length) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`A session needs one or more targets, all different, not [${targets.join(', ')}]`,
		);
	}

	if (!LATENCY_MULTIPLIERS.includes(latencyMultiplier)) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`The latency multiplier must be one of ${LATENCY_MULTIPLIERS.join(', ')}, not ${String(latencyMultiplier)}`,
		);
	}

	const {model, policies, sourceLanguages} = capabilities;
	if (policy !== undefined && !policies.includes(policy)) {
		throw new InfinisstError('OPTION_INVALID', `${model} has no policy ${policy}`, {
			hint: `Choose one of ${policies.join(', ')}.`,
		});
	}

	if (sourceLanguage !== 'auto' && !sourceLanguages.includes(sourceLanguage)) {
		throw new InfinisstError(
			'LANGUAGE_PAIR_UNSUPPORTED',
			`${model} does not understand the language ${sourceLanguage}`,
			{hint: `Choose auto, or one of ${sourceLanguages.join(', ')}.`},
		);
	}

	const unknown = targets.find(target => !capabilities.targets.includes(target));
	if (unknown === undefined) return;
	throw new InfinisstError('LANGUAGE_PAIR_UNSUPPORTED', `${model} cannot write ${unknown}`, {
		hint: `Choose from ${capabilities.targets.join(', ')}.`,
	});
}
