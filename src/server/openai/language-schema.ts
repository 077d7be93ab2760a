import {z} from 'zod';

import type {InfinisstError} from '../../core/errors.js';
import {parseLanguage} from '../../core/language/parse-language.js';

/** A language as clients name it, made a code; `auto` for none. */
export const languageSchema = z.string().transform((text, context) => {
	if (text === '' || text === 'auto') return 'auto';
	try {
		return parseLanguage(text).code;
	} catch (error) {
		const {message, hint} = error as InfinisstError;
		// Issues have no full stop of their own.
		context.addIssue(hint === undefined ? message : `${message}. ${hint.replace(/\.$/, '')}`);
		return z.NEVER;
	}
});
