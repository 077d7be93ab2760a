import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {CATALOGUE, type ModelFamily} from '../catalogue/catalogue.js';
import {isDecoderLmConfig} from '../decoder-lm/transformers-dimensions.js';
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
	switch (await detectFamily(configPath, place)) {
		case 'whisper':
			return {family: 'whisper', ...describeWhisper(await readConfig(configPath, place))};
		case 'seq2seq':
			return detectSeq2seq(dirname(configPath), place);
		case 'decoder-lm':
			return describeDecoderLm();
	}
}

/**
 * What {@link detectModel} can say when nothing but `config.json` is there.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED`.
 */
export async function detectFamily(configPath: string, place: string): Promise<ModelFamily> {
	// A GGUF file says itself what it holds; whether it can be run is asked when it is built.
	if (!existsSync(configPath) && (await holdsGguf(dirname(configPath)))) return 'decoder-lm';
	const config = await readConfig(configPath, place);
	if (isDecoderLmConfig(config)) return 'decoder-lm';
	if (isSeq2seqConfig(config)) return 'seq2seq';
	if (!isWhisperConfig(config)) {
		const kind = typeof config['model_type'] === 'string' ? `a "${config['model_type']}" model` : 'unknown';
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`The model in ${place} is ${kind}, which this program does not run.`,
			{
				hint: 'Supported are Whisper models as CTranslate2 or safetensors files, and Marian, M2M-100 and NLLB models as safetensors or exported graphs, and Llama, Qwen and Gemma 3 models as safetensors or GGUF files.',
			},
		);
	}
	return 'whisper';
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

function isSeq2seqConfig(config: Config): boolean {
	return config['model_type'] === 'marian' || config['model_type'] === 'm2m_100';
}

/** Reads the tokenizer too, which tells the languages. */
async function detectSeq2seq(
	directory: string,
	place: string,
): Promise<Pick<ModelDescription, 'family' | 'languages' | 'targets' | 'tasks'>> {
	const {describeSeq2seq} = await import('../seq2seq/describe-seq2seq.js');
	const {sources, targets} = await describeSeq2seq(directory, 'own', place);
	return {
		family: 'seq2seq',
		languages: Object.keys(sources),
		targets: Object.keys(targets),
		tasks: ['translate-text'],
	};
}

async function holdsGguf(directory: string): Promise<boolean> {
	return (await readdir(directory)).some(name => name.endsWith('.gguf'));
}

/** No file says what languages a language model has learned: those that the present ones have in common. */
function describeDecoderLm(): Pick<ModelDescription, 'family' | 'languages' | 'targets' | 'tasks'> {
	const languages = CATALOGUE.languageSets['qwen-2.5'] ?? [];
	return {family: 'decoder-lm', languages, targets: languages, tasks: ['translate-text']};
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
