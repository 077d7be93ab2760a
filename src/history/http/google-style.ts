import {isObject} from '../ingest/wire-values.js';

/** Members as the dashboard's page names them: "event_id" is "eventId", however deep. */
export function toGoogleStyle(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(toGoogleStyle);
	if (!isObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, member]) => [toCamelCase(name), toGoogleStyle(member)]),
	);
}

/** As the head does it, to keys of resources too: "node:__internal_head__" is "node:InternalHead". */
function toCamelCase(name: string): string {
	const [first = '', ...others] = name.split('_');
	return (
		first +
		others
			.map(part => part.toLowerCase().replaceAll(/[a-z]+/g, word => word[0]!.toUpperCase() + word.slice(1)))
			.join('')
	);
}
