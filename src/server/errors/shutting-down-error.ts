import {InfinisstError} from '../../core/errors.js';

/** What is not taken, or was given up, because the server goes away. */
export function shuttingDownError(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'The server is shutting down', {
		hint: 'Try again when it is back.',
	});
}
