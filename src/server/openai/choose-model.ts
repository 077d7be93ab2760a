import {InfinisstError} from '../../core/errors.js';
import {closestNames} from '../../core/util/closest-names.js';
import type {HostedModel, ModelRequest} from '../models/model-host.js';
import type {ServerParts} from '../server-parts.js';

/**
 * OpenAI's own models of speech, by which its clients call them: `whisper-1`, `gpt-4o-transcribe`, `gpt-live-transcribe`,
 * `gpt-realtime-whisper`, `gpt-realtime-translate`, and those to come that are named alike.
 */
const OPENAI_SPEECH_MODEL = /^(?:whisper-1|gpt-[\w.-]*(?:transcribe|translate|realtime|whisper)[\w.-]*)$/;

/** Whether a name stands for the server's default model. */
export function isDefaultAlias(name: string): boolean {
	return OPENAI_SPEECH_MODEL.test(name);
}

/**
 * The model that a request means. One of OpenAI's names, or none, means the server's default, or another that can do it
 * where that cannot.
 *
 * @throws {InfinisstError} `MODEL_UNKNOWN`; `LANGUAGE_PAIR_UNSUPPORTED`.
 */
export function chooseModel(
	{models, settings}: Pick<ServerParts, 'models' | 'settings'>,
	requested: string | undefined,
	wanted: Omit<ModelRequest, 'model'>,
): HostedModel {
	const hosted = models.models();
	if (requested === undefined || requested === '' || isDefaultAlias(requested)) {
		const [defaultName] = settings().models;
		const model = hosted.find(({name}) => name === defaultName);
		return model !== undefined && canDo(model, wanted) ? model : models.choose(wanted);
	}

	const names = hosted.map(({name}) => name);
	if (!names.includes(requested)) throw unknownModel(requested, names);
	return models.choose({...wanted, model: requested});
}

export function unknownModel(requested: string, names: readonly string[]): InfinisstError {
	const close = closestNames(requested, names);
	return new InfinisstError('MODEL_UNKNOWN', `The model "${requested}" does not exist here`, {
		hint: `Use ${close.length > 0 ? close.join(' or ') : names.join(', ')}, or whisper-1 for the default.`,
	});
}

function canDo(
	{sourceLanguages, targets}: HostedModel,
	{sourceLanguage, targets: wanted}: Omit<ModelRequest, 'model'>,
): boolean {
	return (
		(sourceLanguage === 'auto' || sourceLanguages.includes(sourceLanguage)) &&
		wanted.every(target => targets.includes(target))
	);
}
