import type {LanguagePair} from './server.js';

/** Of languages, by their codes; browsers know fewer than models do. */
const names = new Map<string, string>();

/** Fills the two menus with what the server can do, and keeps the second one to what the first one allows. */
export function fillLanguageMenus(
	{source, target}: {readonly source: HTMLSelectElement; readonly target: HTMLSelectElement},
	pairs: readonly LanguagePair[],
): void {
	for (const pair of pairs) {
		const [spoken = pair.source, written = pair.target] = pair.language_pair.split(' -> ');
		names.set(pair.source, spoken);
		if (pair.target !== 'same') names.set(pair.target, written);
	}
	const chosen = {source: source.value, target: target.value};
	const sources = [...new Set(pairs.map(pair => pair.source))].filter(code => code !== 'auto').sort(byName);
	source.replaceChildren(option('auto', 'Detect'), ...sources.map(code => option(code, nameOf(code))));
	select(source, chosen.source, 'auto');
	source.onchange = fillTargets;
	fillTargets();
	select(target, chosen.target, 'en');

	function fillTargets(): void {
		const before = target.value;
		const possible = pairs.filter(pair => source.value === 'auto' || pair.source === source.value);
		const best = new Map<string, LanguagePair>();
		for (const pair of possible) {
			// Captions of a language are offered once.
			const code = pair.target === pair.source ? 'same' : pair.target;
			const known = best.get(code);
			if (known === undefined || known.download_bytes > pair.download_bytes) best.set(code, pair);
		}
		const codes = [...best.keys()].sort((first, second) =>
			first === 'same' ? -1 : second === 'same' ? 1 : byName(first, second),
		);
		target.replaceChildren(...codes.map(code => option(code, describe(code, best.get(code)!))));
		select(target, before, 'en');
	}
}

function describe(code: string, {status, download_bytes}: LanguagePair): string {
	const name = code === 'same' ? 'Captions, as spoken' : nameOf(code);
	return status === 'needs_download' ? `${name} (fetches ${Math.ceil(download_bytes / 1e6)} MB first)` : name;
}

function nameOf(code: string): string {
	return names.get(code) ?? code;
}

function byName(first: string, second: string): number {
	return nameOf(first).localeCompare(nameOf(second), 'en');
}

function option(value: string, text: string): HTMLOptionElement {
	return new Option(text, value);
}

/** The first of some values that there is; else the menu's first. */
function select(menu: HTMLSelectElement, ...values: readonly string[]): void {
	const found = values.find(value => [...menu.options].some(({value: there}) => there === value));
	if (found !== undefined) menu.value = found;
	else menu.selectedIndex = 0;
}
