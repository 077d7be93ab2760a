import {z} from 'zod';

import {parseLanguage} from '../../core/language/parse-language.js';

/** A language as clients name it, made a code; `auto` for none. */
export const languageSchema = z.string().transform((text, context) => {
	if (text === '' || text === 'auto') return 'auto';
	try {
		return parseLanguage(text).code;
	} catch (error) {
		context.addIssue((error as Error).message);
		return z.NEVER;
	}
});
