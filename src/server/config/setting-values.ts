import * as z from 'zod';

/** How values of one kind are written, checked and read from plain text. */
export interface SettingKind {
	/** Messages complete a sentence that begins with the setting's name: `must be ...`. */
	readonly schema: z.ZodType;
	/** What a flag or a variable says, for the schema to check; text that cannot be read is given back as it is. */
	readonly fromText: (text: string) => unknown;
	/** A path, or paths, relative to the folder of the file that it stands in. */
	readonly isPath?: boolean;
	/** Where more than the path stands in it. @default `resolve()` */
	readonly makeAbsolute?: (directory: string, text: string) => string;
}

export function wholeNumberSetting(minimum: number, maximum: number): SettingKind {
	const message = `must be a whole number from ${minimum} to ${maximum}`;
	return {
		schema: z.number(message).int(message).min(minimum, message).max(maximum, message),
		fromText: numberFromText,
	};
}

export function numberSetting(minimum: number, maximum: number): SettingKind {
	const message = `must be a number from ${minimum} to ${maximum}`;
	return {schema: z.number(message).min(minimum, message).max(maximum, message), fromText: numberFromText};
}

/** @param parse - of a text with a unit; undefined for what has none. */
export function quantitySetting(parse: (text: string) => number | undefined, message: string): SettingKind {
	const read = (value: unknown): unknown =>
		typeof value === 'string' ? (parse(value.trim()) ?? value) : value;
	return {
		schema: z.preprocess(read, z.number(message).int(message).min(1, message)),
		fromText: numberFromText,
	};
}

export function switchSetting(): SettingKind {
	return {
		schema: z.boolean('must be true or false'),
		fromText: text => {
			if (/^(?:true|1|yes|on)$/i.test(text)) return true;
			return /^(?:false|0|no|off)$/i.test(text) ? false : text;
		},
	};
}

export function textSetting(message: string): SettingKind {
	return {schema: z.string(message).min(1, message), fromText: text => text};
}

export function pathSetting(what: string): SettingKind {
	return {...textSetting(`must be the path of a ${what}`), isPath: true};
}

export function choiceSetting(words: readonly string[]): SettingKind {
	return {
		schema: z.enum(words, {error: `must be one of ${words.join(', ')}`}),
		fromText: text => text,
	};
}

/** As plain text: separated by commas; nothing at all is an empty list. */
export function listSetting(item: z.ZodType, message: string, extra: Partial<SettingKind> = {}): SettingKind {
	return {schema: z.array(item, message), fromText: splitList, ...extra};
}

export function splitList(text: string): readonly string[] {
	return text
		.split(',')
		.map(part => part.trim())
		.filter(part => part !== '');
}

function numberFromText(text: string): unknown {
	return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text.trim()) ? Number(text) : text;
}
