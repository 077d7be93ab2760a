/** Text that is markup already. */
export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

export type HtmlPart = Html | string | number | null | undefined | readonly HtmlPart[];

/** Markup with values in it: whatever is not `Html` itself is text, and can be no markup. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
	return new Html(
		strings.map((text, index) => text + (index < parts.length ? render(parts[index]) : '')).join(''),
	);
}

function render(part: HtmlPart): string {
	if (part === null || part === undefined) return '';
	if (part instanceof Html) return part.text;
	if (typeof part === 'number') return String(part);
	if (typeof part === 'string') {
		return part.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
	}

	return part.map(render).join('');
}
