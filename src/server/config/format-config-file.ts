import type {ConfiguredValue} from './configured-value.js';
import {SETTINGS, type SettingPath} from './settings-table.js';

/**
 * A configuration file with every setting and what it means, as `infinisst config create` writes it: JSON with comments.
 * What has no value stands there as null, and so do paths that nobody chose, because theirs depend on the machine.
 */
export function formatConfigFile(values: ReadonlyMap<SettingPath, ConfiguredValue>): string {
	const paths = [...values.keys()];
	const lines: string[] = ['{'];
	let open: string | undefined;
	for (const [index, path] of paths.entries()) {
		const [first, last] = path.split('.') as [string, string?];
		const section = last === undefined ? undefined : first;
		if (section !== open) {
			if (section !== undefined) lines.push(`\t"${section}": {`);
			open = section;
		}
		const indent = section === undefined ? '\t' : '\t\t';
		const next = paths[index + 1];
		const isLastOfSection = section !== undefined && next?.startsWith(`${section}.`) !== true;
		const comma = isLastOfSection || next === undefined ? '' : ',';
		lines.push(
			`${indent}// ${SETTINGS[path].about}${SETTINGS[path].isLive ? '' : ' (changes at the next start)'}`,
			`${indent}"${last ?? first}": ${formatValue(path, values.get(path)!)}${comma}`,
		);
		if (isLastOfSection) lines.push(next === undefined ? '\t}' : '\t},');
	}
	return `${lines.join('\n')}\n}\n`;
}

function formatValue(path: SettingPath, {value, origin}: ConfiguredValue): string {
	const isOpen = SETTINGS[path].isPath === true && origin.kind === 'default' && !Array.isArray(value);
	return isOpen || value === undefined ? 'null' : JSON.stringify(value);
}
