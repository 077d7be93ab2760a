import {InfinisstError} from '../../errors.js';
import {MAX_GLOSSARY_TERMS} from '../../translation/text/settle-glossary.js';
import type {EngineRequest} from './engine-messages.js';

type Fields = Readonly<Record<string, unknown>>;

const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
const isOptional =
	(check: (value: unknown) => boolean) =>
	(value: unknown): boolean =>
		value === undefined || check(value);
const isText = (value: unknown): boolean => typeof value === 'string';

const isGlossary = (value: unknown): boolean =>
	Array.isArray(value) &&
	value.length <= MAX_GLOSSARY_TERMS &&
	value.every(
		entry =>
			isObject(entry) &&
			isText(entry['source']) &&
			isText(entry['target']) &&
			isOptional(isText)(entry['language']),
	);

function isSessionOptions(value: unknown): boolean {
	if (!isObject(value)) return false;
	const {sourceLanguage, targets, partials, words, prompt, glossary, catchUp} = value;
	return (
		isText(sourceLanguage) &&
		Array.isArray(targets) &&
		targets.every(isText) &&
		[partials, words, catchUp].every(isOptional(flag => typeof flag === 'boolean')) &&
		isOptional(isText)(prompt) &&
		isOptional(isGlossary)(glossary)
	);
}

function isSessionChange(value: unknown): boolean {
	return (
		isObject(value) &&
		isOptional(isNumber)(value['latencyMultiplier']) &&
		isOptional(isGlossary)(value['glossary'])
	);
}

function isCheckpoint(value: unknown): boolean {
	return isObject(value) && isNumber(value['firstSample']) && isNumber(value['commands']);
}

/** Which fields a message has, and what they must be. Languages, ranges and policies are the engine's to judge. */
const FIELDS: Readonly<Record<EngineRequest['type'], Readonly<Record<string, (value: unknown) => boolean>>>> =
	{
		open: {
			session: isNumber,
			id: isOptional(isText),
			options: isSessionOptions,
			checkpoint: isOptional(isCheckpoint),
		},
		audio: {session: isNumber, samples: value => value instanceof Float32Array},
		change: {session: isNumber, change: isSessionChange},
		flush: {session: isNumber},
		end: {session: isNumber},
		read: {session: isNumber, updates: isNumber},
		destroy: {session: isNumber},
		statistics: {call: isNumber},
		configure: {call: isNumber, settings: isObject},
	};

/**
 * Admits what came over a channel.
 *
 * @throws {InfinisstError} `PEER_REFUSED` for what is no request of ours.
 */
export function parseEngineRequest(message: unknown): EngineRequest {
	const type = isObject(message) ? message['type'] : undefined;
	const fields = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type as 'open'] : undefined;
	if (fields === undefined) throw new InfinisstError('PEER_REFUSED', 'A peer sent what is no request');
	for (const [name, check] of Object.entries(fields)) {
		if (check((message as Fields)[name])) continue;
		throw new InfinisstError('PEER_REFUSED', `A peer sent a request "${String(type)}" with a wrong ${name}`);
	}
	return message as EngineRequest;
}
