import {InfinisstError} from '../errors.js';
import {findLanguage} from './language-table.js';
import type {LanguageRequest} from './parse-language-request.js';

/** What a model that hears speech and writes text can do. */
export interface SpeechModelAbilities {
	/** As the user names the model. */
	readonly name: string;
	/** Codes of the languages it understands. */
	readonly languages: readonly string[];
	/** `transcribe` writes the spoken language, `translate` writes English; others are of no use here. */
	readonly tasks: readonly string[];
}

export interface SpeechTask {
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	/** A code, or `same`. */
	readonly targetLanguage: string;
	readonly task: 'transcribe' | 'translate';
}

/**
 * How a model does what is wanted: English from any language it understands, or the spoken language itself.
 *
 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED` if it cannot, naming what would do it.
 */
export function resolveSpeechTask(request: LanguageRequest, model: SpeechModelAbilities): SpeechTask {
	const {target} = request;
	// A model of one language has nothing to detect.
	const source =
		request.source === 'auto' && model.languages.length === 1 ? model.languages[0]! : request.source;
	if (source !== 'auto' && !model.languages.includes(source)) {
		throw unsupported(`${model.name} does not understand ${nameOf(source)}`, [
			`It understands ${listLanguages(model.languages)}`,
			source === 'yue' ? 'whisper-large-v3 understands Cantonese' : 'whisper-base understands 99 languages',
		]);
	}

	if (target === 'same' || target === source) {
		return {sourceLanguage: source, targetLanguage: 'same', task: 'transcribe'};
	}

	if (target !== 'en') throw cannotWrite(source, target, model);
	if (model.tasks.includes('translate')) {
		return {sourceLanguage: source, targetLanguage: 'en', task: 'translate'};
	}

	throw unsupported(`${model.name} writes captions but does not translate`, [
		`For captions in ${source === 'auto' ? 'the spoken language' : nameOf(source)} use the target "same"`,
		'for English use another model, such as whisper-base',
	]);
}

function cannotWrite(source: string, target: string, model: SpeechModelAbilities): InfinisstError {
	if (source === 'auto') {
		return unsupported(`${model.name} cannot translate into ${nameOf(target)}`, [
			`If ${nameOf(target)} is spoken, name it as the source and use the target "same" for captions`,
			'for English use the target "en"',
		]);
	}

	const captions = `For ${nameOf(source)} captions use the target "same"`;
	return unsupported(`${model.name} cannot translate ${nameOf(source)} into ${nameOf(target)}`, [
		captions,
		...(source === 'en' ? [] : ['for English use the target "en"']),
		`no model of texts is known that writes ${nameOf(target)}`,
	]);
}

function unsupported(message: string, remedies: readonly string[]): InfinisstError {
	return new InfinisstError('LANGUAGE_PAIR_UNSUPPORTED', message, {hint: `${remedies.join('; ')}.`});
}

function listLanguages(codes: readonly string[]): string {
	return codes.length <= 3 ? codes.map(nameOf).join(', ') : `${codes.length} languages`;
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
