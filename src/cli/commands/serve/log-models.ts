import type {Logger} from 'pino';

import type {RouterEvent} from '../../../core/engine/router/router-event.js';
import type {ModelHost} from '../../../server/models/model-host.js';
import {describeError} from '../../describe-error.js';

/** One line whenever a model is in another state; what it is busy with on the way is told by the API. */
export function logModelStates(logger: Logger, models: ModelHost): void {
	const states = new Map<string, string>();
	models.watch(({name, state, failure}) => {
		if (states.get(name) === state) return;
		states.set(name, state);
		if (state === 'failed') {
			logger.error({model: name, reason: describeError(failure, {}).sentence}, 'model failed');
		} else logger.info({model: name, state}, 'model');
	});
}

export function logRouterEvent(logger: Logger, event: RouterEvent, model: string): void {
	const {type, ...facts} = event;
	const cause = 'cause' in facts ? {reason: describeError(facts.cause, {}).sentence} : {};
	const level = 'cause' in facts ? 'warn' : 'info';
	logger[level]({model, ...facts, ...cause, cause: undefined}, type);
}
