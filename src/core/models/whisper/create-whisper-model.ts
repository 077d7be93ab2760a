import {openTokenizer, readDescription, readVocabulary} from './model-files.js';
import type {WhisperBackend} from './whisper-backend.js';
import type {WhisperDescription} from './whisper-description.js';
import type {WhisperModel} from './whisper-model.js';

/**
 * Makes a model of a folder of graphs and what runs them, which is opened while the rest is read.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged, and what `open` throws.
 */
export async function createWhisperModel(
	graphsDirectory: string,
	open: (description: WhisperDescription) => Promise<WhisperBackend>,
): Promise<WhisperModel> {
	const description = await readDescription(graphsDirectory);
	const opening = open(description);
	const [backend, vocabulary] = await Promise.all([opening, readVocabulary(graphsDirectory)]).catch(
		async (error: unknown) => {
			await opening.then(
				opened => opened.close(),
				() => undefined,
			);
			throw error;
		},
	);
	let tokenizer: Promise<(text: string) => number[]> | undefined;
	let closing: Promise<void> | undefined;
	let count = 0;
	return {
		description,
		vocabulary,
		hear: async (samples, silenceMs, options = {}) => {
			const id = count++;
			await backend.hear(id, samples, silenceMs, options);
			return {id};
		},
		detectLanguage: ({id}, options = {}) => backend.detectLanguage(id, options),
		search: ({id}, request, options = {}) => backend.search(id, request, options),
		searchLive: ({id}, request, options = {}) => backend.searchLive(id, request, options),
		release: ({id}) => backend.release(id),
		configure: settings => backend.configure(settings),
		statistics: () => backend.statistics(),
		tokenize: async text => (await (tokenizer ??= openTokenizer(graphsDirectory)))(text),
		close: () => (closing ??= backend.close()),
	};
}
