import {Template} from '@huggingface/jinja';
import {InfinisstError} from '../../../errors.js';
import {findLanguage} from '../../../language/language-table.js';
import {EXAMPLES} from './examples.js';

/**
 * The fixed pieces of an endless dialogue: `head`, then for each turn what was said, `middle`, its translation, `next`.
 * So turns can leave from the front, and what remains is a dialogue still.
 */
export interface DialogueFormat {
	/** Instruction, and whatever comes before the first words; kept for ever. */
	readonly head: string;
	readonly middle: string;
	readonly next: string;
	/** Text that ends an answer too, where the model has no token for that: what a base model writes behind it. */
	readonly stop: string | undefined;
	/** Put before the words of a turn, and before an answer, where the format has no space of its own. */
	readonly space: string;
}

export interface DialogueOptions {
	/** Codes. */
	readonly sourceLanguage: string;
	readonly target: string;
	/** Jinja, as a model's makers give it; undefined for base models. */
	readonly chatTemplate: string | undefined;
	/** Text of the model's begin token, which templates write out. */
	readonly beginText: string;
}

/** Stand for texts while a template is taken to pieces; in nobody's template. */
const MARKS = ['\u{E000}1', '\u{E000}2', '\u{E000}3', '\u{E000}4'] as const;

/**
 * How a model is asked to translate turn by turn. A model with a template gets an instruction; one without, which only
 * continues texts, gets examples to continue.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for a template that does not write dialogues.
 */
export function formatDialogue(options: DialogueOptions): DialogueFormat {
	return options.chatTemplate === undefined ? continueExamples(options) : fillTemplate(options);
}

function continueExamples({sourceLanguage, target}: DialogueOptions): DialogueFormat {
	const [source, written] = [nameOf(sourceLanguage), nameOf(target)];
	const examples = EXAMPLES.filter(example => sourceLanguage in example && target in example);
	const shots = examples.map(
		example => `${source}: ${example[sourceLanguage]!}\n${written}: ${example[target]!}\n\n`,
	);
	return {
		head: `Translation of a talk from ${source} into ${written}.\n\n${shots.join('')}${source}:`,
		middle: `\n${written}:`,
		next: `\n\n${source}:`,
		stop: '\n',
		space: ' ',
	};
}

function fillTemplate({sourceLanguage, target, chatTemplate, beginText}: DialogueOptions): DialogueFormat {
	const instruction =
		`You are an interpreter. The user is a speaker whose words reach you bit by bit, in ${nameOf(sourceLanguage)}. ` +
		`After each message write its translation into ${nameOf(target)}, as it goes on from what you wrote before, ` +
		'and nothing else.';
	const pieces =
		takeApart(chatTemplate!, beginText, [{role: 'system', content: instruction}], '') ??
		// Some templates know no instruction: then it stands before the first words.
		takeApart(chatTemplate!, beginText, [], `${instruction}\n\n`);
	if (pieces === undefined) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			"The model's template writes no dialogue of user and assistant",
			{
				hint: 'Use a model that was tuned to follow instructions.',
			},
		);
	}
	return {...pieces, stop: undefined, space: ''};
}

interface Message {
	readonly role: string;
	readonly content: string;
}

function takeApart(
	template: string,
	beginText: string,
	first: readonly Message[],
	prefix: string,
): Pick<DialogueFormat, 'head' | 'middle' | 'next'> | undefined {
	const question: Message = {role: 'user', content: prefix + MARKS[0]};
	const render = (messages: readonly Message[], add_generation_prompt: boolean): string[] =>
		new Template(template)
			.render({
				messages: [...first, ...messages],
				bos_token: beginText,
				eos_token: '',
				add_generation_prompt,
				// Of Qwen3: an interpreter has no time to think.
				enable_thinking: false,
			})
			.split(/\u{E000}\d/u);
	try {
		const [head, middle, next, secondMiddle] = render(
			[
				question,
				{role: 'assistant', content: MARKS[1]},
				{role: 'user', content: MARKS[2]},
				{role: 'assistant', content: MARKS[3]},
			],
			false,
		);
		if (head === undefined || middle === undefined || next === undefined || secondMiddle === undefined)
			return undefined;
		// The instruction must not have been left out.
		if (first.length > 0 && !head.includes(first[0]!.content)) return undefined;
		// Templates of thinking models treat the last answer in another way than those before; all must be alike here.
		const shortest = secondMiddle.length < middle.length ? secondMiddle : middle;
		// Where an answer is asked for they put an empty thought before it: without, the model would begin with one.
		const [, asked = ''] = render([question], true);
		return {head, middle: asked.startsWith(shortest) ? asked : shortest, next};
	} catch {
		return undefined;
	}
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
