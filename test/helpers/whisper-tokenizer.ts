/** The languages of Whisper in the order of their tokens (OpenAI's `tokenizer.py`). */
const LANGUAGES = (
	'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg ' +
	'lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so ' +
	'af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'
).split(' ');

/** The tokens that a Whisper tokenizer adds behind its words, with so many languages. */
export function makeAddedTokens(endOfText: number, languages: 99 | 100): {content: string; id: number}[] {
	return [
		'<|endoftext|>',
		'<|startoftranscript|>',
		...LANGUAGES.slice(0, languages).map(code => `<|${code}|>`),
		'<|translate|>',
		'<|transcribe|>',
		'<|startoflm|>',
		'<|startofprev|>',
		'<|nospeech|>',
		'<|notimestamps|>',
	].map((content, index) => ({content, id: endOfText + index}));
}

/** A `tokenizer.json` whose words are their own numbers: `<5>` is token 5. */
export function makeTokenizer(endOfText: number, languages: 99 | 100): unknown {
	const vocab = Object.fromEntries(Array.from({length: endOfText}, (_, id) => [`<${id}>`, id]));
	return {model: {type: 'BPE', vocab, merges: []}, added_tokens: makeAddedTokens(endOfText, languages)};
}
