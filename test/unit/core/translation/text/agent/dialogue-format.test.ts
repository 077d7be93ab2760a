import {describe, expect, it} from 'vitest';
import {formatDialogue} from '../../../../../../src/core/translation/text/agent/dialogue-format.js';

/** As the makers of these models write dialogues, without what we never use. */
const CHATML =
	"{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endfor %}";
const GEMMA =
	"{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('System role not supported') }}{%- endif -%}" +
	"{%- for message in messages -%}{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' + message.content + '<end_of_turn>\\n' }}{%- endfor -%}";
/** Puts an empty thought before the last answer only. */
const THINKING =
	"{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' }}{%- if message.role == 'assistant' and loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{{- message.content + '<|im_end|>\\n' }}{%- endfor %}";

const PAIR = {sourceLanguage: 'en', target: 'de', beginText: ''};

describe('formatDialogue()', () => {
	it('takes a template to pieces that any number of turns can be put together from', () => {
		const {head, middle, next, stop} = formatDialogue({...PAIR, chatTemplate: CHATML});
		expect(head).toMatch(
			/^<\|im_start\|>system\nYou are an interpreter\. .* English\. .* German, .*<\|im_end\|>\n<\|im_start\|>user\n$/,
		);
		expect(middle).toBe('<|im_end|>\n<|im_start|>assistant\n');
		expect(next).toBe('<|im_end|>\n<|im_start|>user\n');
		expect(stop).toBeUndefined();
	});

	it('puts the instruction before the first words where a template knows none', () => {
		const {head, middle, next} = formatDialogue({...PAIR, chatTemplate: GEMMA});
		expect(head).toMatch(/^<start_of_turn>user\nYou are an interpreter.*\n\n$/);
		expect(middle).toBe('<end_of_turn>\n<start_of_turn>model\n');
		expect(next).toBe('<end_of_turn>\n<start_of_turn>user\n');
	});

	it('treats all answers alike, thoughts or none', () => {
		const {middle} = formatDialogue({...PAIR, chatTemplate: THINKING});
		expect(middle).toBe('<|im_end|>\n<|im_start|>assistant\n');
	});

	it('puts an empty thought before every answer where the makers ask for answers without thinking so', () => {
		const asking =
			THINKING +
			"{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}";
		const {middle, next} = formatDialogue({...PAIR, chatTemplate: asking});
		expect(middle).toBe('<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n');
		expect(next).toBe('<|im_end|>\n<|im_start|>user\n');
	});

	it('shows a base model examples in both languages', () => {
		const {head, middle, next, stop} = formatDialogue({...PAIR, chatTemplate: undefined});
		expect(head).toContain('English: I believe that this is only the beginning.\nGerman: Ich glaube, dass');
		expect(head.endsWith('\n\nEnglish:')).toBe(true);
		expect([middle, next, stop]).toEqual(['\nGerman:', '\n\nEnglish:', '\n']);
	});

	it('refuses a template that writes no dialogue', () => {
		for (const chatTemplate of ['{{ messages[0].content }}', '{{ nonsense(', '']) {
			expect(() => formatDialogue({...PAIR, chatTemplate}), chatTemplate).toThrow(/writes no dialogue/);
		}
	});
});
