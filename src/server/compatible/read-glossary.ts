import {z} from 'zod';

import type {GlossaryEntry} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import {parseGlossary} from '../../core/translation/text/parse-glossary.js';
import {MAX_GLOSSARY_TERMS, settleGlossary} from '../../core/translation/text/settle-glossary.js';
import {ParameterError} from './parameters.js';

const PLACE = 'the glossary';
const SHAPE_HINT =
	'Send a list such as [{"source": "chair", "target": "Vorsitz"}], or lines with a term, a tab and its translation.';

const termSchema = z.object({source: z.string(), target: z.string(), language: z.string().optional()});

/** Terms as a list in a JSON body; as a text where there is none. What is in it is checked by {@link readGlossary}. */
export const glossaryParameter = z
	.union([z.string(), z.array(z.unknown()).meta({items: z.toJSONSchema(termSchema)})])
	.optional()
	.describe(
		'Terms that translated text keeps to, as a list of {source, target} or as lines with a term, a tab and its translation; in queries and forms also that list as JSON',
	);

/**
 * The terms of a parameter `glossary`, as for streams.
 *
 * @throws {ParameterError} for a list of anything but terms. {InfinisstError} `OPTION_INVALID`, naming the term or line.
 */
export function readGlossary(value: string | readonly unknown[]): readonly GlossaryEntry[] {
	if (typeof value !== 'string') return readTerms(value, index => wrongTypeError(index));
	if (!value.trimStart().startsWith('[')) return parseGlossary(value, PLACE);
	return readTerms(parseList(value), index => {
		return new InfinisstError(
			'OPTION_INVALID',
			`Term ${index + 1} of ${PLACE} has no texts "source" and "target"`,
			{
				hint: SHAPE_HINT,
			},
		);
	});
}

function parseList(text: string): readonly unknown[] {
	try {
		// What begins with a bracket is a list or nothing.
		return JSON.parse(text) as readonly unknown[];
	} catch {
		throw new InfinisstError('OPTION_INVALID', 'The glossary begins like a list of JSON and is none', {
			hint: SHAPE_HINT,
		});
	}
}

/** @param wrongAt - makes what is thrown for one that is no term. */
function readTerms(terms: readonly unknown[], wrongAt: (index: number) => Error): readonly GlossaryEntry[] {
	// Counted before they are looked at.
	if (terms.length > MAX_GLOSSARY_TERMS) {
		throw new InfinisstError('OPTION_INVALID', `The glossary has more than ${MAX_GLOSSARY_TERMS} terms`, {
			hint: 'Keep those of this talk.',
		});
	}
	const entries = terms.map((term, index) => {
		const parsed = termSchema.safeParse(term);
		if (!parsed.success) throw wrongAt(index);
		return parsed.data;
	});
	return settleGlossary(entries, PLACE);
}

function wrongTypeError(index: number): ParameterError {
	return new ParameterError([
		{
			loc: ['body', 'glossary', index],
			msg: 'Input should be an object with the texts source and target',
			type: 'dict_type',
		},
	]);
}
