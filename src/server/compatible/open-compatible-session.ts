import type {FastifyRequest} from 'fastify';

import type {GlossaryEntry, LatencyMultiplier} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import type {LanguagePair} from '../models/model-host.js';
import type {CompatibleSession} from './compatible-session.js';
import type {CompatibleSessions} from './compatible-sessions.js';
import {describePairs, type PairRequest} from './language-pairs.js';
import {ownerOf} from './owner-of.js';
import type {SessionNames} from './session-names.js';

export interface OpenCompatibleSession {
	readonly agentType: string;
	/** As the client wrote it: it becomes a part of the session's name. */
	readonly languagePair: string;
	readonly pair: PairRequest;
	readonly clientId: string | undefined;
	readonly latencyMultiplier: LatencyMultiplier;
	/** Terms that translated text keeps to. @default none */
	readonly glossary: readonly GlossaryEntry[] | undefined;
	/** Note the delays of its units. */
	readonly isEvaluated: boolean;
	/** @default the first that can */
	readonly model: string | undefined;
	readonly pairs: readonly LanguagePair[];
	readonly request: FastifyRequest;
}

/**
 * Opens a session under a name that existing clients expect.
 *
 * @throws {InfinisstError} what `SessionHost.open()` throws; with what there is, for a pair that nothing can do.
 */
export function openCompatibleSession(
	sessions: CompatibleSessions,
	names: SessionNames,
	asked: OpenCompatibleSession,
): CompatibleSession {
	const {agentType, languagePair, clientId, pair, model, pairs, isEvaluated, glossary} = asked;
	const owner = ownerOf(asked.request);
	try {
		const session = sessions.open({
			id: names.next(clientId ?? agentType, languagePair),
			options: {
				sourceLanguage: pair.sourceLanguage,
				targets: pair.targets,
				latencyMultiplier: asked.latencyMultiplier,
				// A frame is text that stays: the original's only grew, and delays are taken from it.
				partials: false,
				// Delays shall depend on the audio, not on how busy the server was.
				catchUp: !isEvaluated,
				...(glossary !== undefined && {glossary}),
			},
			agentType,
			languagePair,
			...(clientId !== undefined && {clientId}),
			...(model !== undefined && {model}),
			...(owner !== undefined && {owner}),
		});
		if (isEvaluated) session.evaluate();
		return session;
	} catch (error) {
		if (!InfinisstError.is(error, 'LANGUAGE_PAIR_UNSUPPORTED')) throw error;
		const hint = [error.hint, describePairs(pairs)].filter(Boolean).join(' ');
		throw new InfinisstError(error.code, error.message, {hint, cause: error});
	}
}
