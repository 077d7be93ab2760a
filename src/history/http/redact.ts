import {isObject} from '../ingest/wire-values.js';

const REDACTED = '<redacted>';

/** A copy of a runtime environment in which the values of environment variables cannot be seen. */
export function redactRuntimeEnv(value: unknown): unknown {
	if (!isObject(value) || !isObject(value['env_vars'])) return value;
	const names = Object.keys(value['env_vars']);
	return {...value, env_vars: Object.fromEntries(names.map(name => [name, REDACTED]))};
}

/** The same of one in JSON. What cannot be read is hidden as a whole: it may hold secrets. */
export function redactSerializedRuntimeEnv(text: string): string {
	if (text === '') return text;
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? JSON.stringify(redactRuntimeEnv(value)) : REDACTED;
	} catch {
		return REDACTED;
	}
}

/** A copy of any answer in which that is done wherever a runtime environment is. */
export function redactDeep(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(redactDeep);
	if (!isObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, member]) => {
			if (name === 'runtime_env') return [name, redactRuntimeEnv(member)];
			if (name === 'serialized_runtime_env' && typeof member === 'string') {
				return [name, redactSerializedRuntimeEnv(member)];
			}

			return [name, redactDeep(member)];
		}),
	);
}
