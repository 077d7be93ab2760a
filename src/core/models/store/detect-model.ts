import {readFile} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {CATALOGUE} from '../catalogue/catalogue.js';
import type {ModelDescription} from './model-manifest.js';

/**
 * Says what kind of model a folder holds by its `config.json`, of the hub's transformers format or of
 * CTranslate2.
 *
 * @param place - named in messages.
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if it is none we import.
 */
export async function detectModel(
	configPath: string,
	place: string,
): Promise<Pick<ModelDescription, 'family' | 'languages' | 'targets' | 'tasks'>> {
	const config = await readConfig(configPath, place);
	if (!isWhisperConfig(config)) {
		const kind = typeof config['model_type'] === 'string' ? `a "${config['model_type']}" model` : 'unknown';
		throw new InfinisstError('MODEL_UNSUPPORTED', `The model in ${place} is ${kind}, not a Whisper model.`, {
			hint: 'Supported are Whisper models of any size, as CTranslate2 or safetensors files.',
		});
	}
	return {family: 'whisper', ...describeWhisper(config)};
}

type Config = Readonly<Record<string, unknown>>;

async function readConfig(path: string, place: string): Promise<Config> {
	let config: unknown;
	try {
		config = JSON.parse(await readFile(path, 'utf8'));
	} catch (cause) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${place} has no config.json that can be read.`, {
			hint: 'A model is a folder with config.json, tokenizer.json and model.bin or model.safetensors.',
			cause,
		});
	}
	return typeof config === 'object' && config !== null ? (config as Config) : {};
}

function isWhisperConfig(config: Config): boolean {
	if ('model_type' in config) return config['model_type'] === 'whisper';
	// CTranslate2's converter writes no type, but these two keys for Whisper only.
	return 'suppress_ids' in config && 'suppress_ids_begin' in config;
}

function describeWhisper(config: Config): Pick<ModelDescription, 'languages' | 'tasks'> {
	const languages = countLanguages(config);
	if (languages === 0) return {languages: ['en'], tasks: ['transcribe']};
	const set = CATALOGUE.languageSets[languages >= 100 ? 'whisper-100' : 'whisper-99'] ?? [];
	return {languages: set, tasks: ['transcribe', 'translate']};
}

/** 0 for the English-only models. */
function countLanguages(config: Config): number {
	const ids = config['lang_ids'];
	// The English-only vocabulary is one token shorter, so its language tokens begin at 50 258.
	if (Array.isArray(ids)) return ids[0] === 50_258 ? 0 : ids.length;
	// 51 864 tokens without languages, 51 865 with 99 of them, 51 866 with Cantonese as well.
	const size = config['vocab_size'];
	if (size === 51_864) return 0;
	return size === 51_866 ? 100 : 99;
}
