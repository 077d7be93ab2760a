import {InfinisstError} from '../../core/errors.js';

/** How the agents that the original serves are called; the default first. */
export const AGENT_TYPES = ['InfiniSST'] as const;

/**
 * The name as it is written here; case does not matter.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, with what there is.
 */
export function parseAgentType(text: string): string {
	const agent = AGENT_TYPES.find(name => name.toLowerCase() === text.trim().toLowerCase());
	if (agent !== undefined) return agent;
	throw new InfinisstError('OPTION_INVALID', 'There is no agent of this type', {
		hint: `Available: ${AGENT_TYPES.join(', ')}. Models are chosen by the language pair; GET /languages lists those.`,
	});
}
