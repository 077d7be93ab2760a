/** Undefined for what is no JSON, which `null` stands for as well as it does. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) ?? undefined;
	} catch {
		return undefined;
	}
}
