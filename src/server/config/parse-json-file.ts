import {parseTree, printParseErrorCode, type Node, type ParseError} from 'jsonc-parser';

import {InfinisstError} from '../../core/errors.js';

/** One `"key": value` of an object in a file. */
export interface FileEntry {
	readonly key: string;
	/** Counts from 1. */
	readonly line: number;
	readonly value: FileNode;
}

/** A value in a file, with the lines that its entries stand in. */
export type FileNode =
	| {readonly kind: 'object'; readonly entries: readonly FileEntry[]}
	| {readonly kind: 'value'; readonly value: unknown};

/** What is wrong, as the end of a sentence; what is missing here reads as what was found instead. */
const PROBLEMS: Readonly<Record<string, string>> = {
	InvalidSymbol: 'this is no value (texts need quotation marks)',
	InvalidNumberFormat: 'this is no number',
	PropertyNameExpected: 'a name in quotation marks is missing',
	ValueExpected: 'a value is missing',
	ColonExpected: 'a colon is missing',
	CommaExpected: 'a comma is missing',
	CloseBraceExpected: 'a } is missing',
	CloseBracketExpected: 'a ] is missing',
	EndOfFileExpected: 'there is more after the end',
	UnexpectedEndOfComment: 'a comment does not end',
	UnexpectedEndOfString: 'a text does not end',
	UnexpectedEndOfNumber: 'a number does not end',
};

/**
 * Reads JSON, in which comments and commas after the last entry are allowed.
 *
 * @param file - for messages.
 * @throws {InfinisstError} `OPTION_INVALID` with line and column, also for a key that stands twice in an object.
 */
export function parseJsonFile(text: string, file: string): FileNode {
	const errors: ParseError[] = [];
	const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
	const lineOf = (offset: number): number => source.slice(0, offset).split('\n').length;
	const tree = parseTree(source, errors, {allowTrailingComma: true});
	const [first] = errors;
	if (first !== undefined || tree === undefined) {
		const offset = first?.offset ?? 0;
		const column = offset - source.lastIndexOf('\n', offset - 1);
		const name = first === undefined ? 'ValueExpected' : printParseErrorCode(first.error);
		throw new InfinisstError(
			'OPTION_INVALID',
			`${file} is no JSON: ${PROBLEMS[name] ?? 'it is malformed'}, at line ${lineOf(offset)}, column ${column}`,
			{hint: 'Correct it there.'},
		);
	}

	return readNode(tree);

	function readNode(node: Node): FileNode {
		if (node.type !== 'object') return {kind: 'value', value: plainValue(node)};
		const entries: FileEntry[] = [];
		const seen = new Set<string>();
		for (const property of node.children ?? []) {
			const [name, value] = property.children as [Node, Node];
			const key = name.value as string;
			const line = lineOf(name.offset);
			if (seen.has(key)) {
				throw new InfinisstError('OPTION_INVALID', `${file} has "${key}" twice, again in line ${line}`, {
					hint: 'Leave one of them out.',
				});
			}
			seen.add(key);
			entries.push({key, line, value: readNode(value)});
		}
		return {kind: 'object', entries};
	}
}

/** The value without its lines. */
export function valueOf(node: FileNode): unknown {
	if (node.kind === 'value') return node.value;
	return Object.fromEntries(node.entries.map(({key, value}) => [key, valueOf(value)]));
}

function plainValue(node: Node): unknown {
	if (node.type === 'array') return (node.children ?? []).map(plainValue);
	if (node.type !== 'object') return node.value as unknown;
	return Object.fromEntries(
		(node.children ?? []).map(property => {
			const [name, value] = property.children as [Node, Node];
			return [name.value as string, plainValue(value)];
		}),
	);
}
