/**
 * Where greedy answers of Gemma 3 270M part from llama.cpp's on the same file, and how near the two tokens are in each
 * program: `npx tsx bench/decoder-lm-agreement.ts [--docs]`. llama.cpp's are those of the tests.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {fileURLToPath} from 'node:url';
import {openLanguageModel} from '../src/core/models/decoder-lm/open-language-model.js';
import {readAlong, type Agreement, type GreedyGolden} from '../test/helpers/first-differences.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {formatTable} from './kit/table.js';

const {values: flags} = parseArgs({options: {docs: {type: 'boolean', default: false}}});
const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const {prompts} = JSON.parse(
	await readFile(place('../test/fixtures/decoder-lm/gemma-greedy.json'), 'utf8'),
) as {readonly prompts: readonly GreedyGolden[]};
const model = await openLanguageModel({graphsDirectory: await ensureGemma('q8'), threads: 2});
const agreements: Agreement[] = [];
for (const golden of prompts) agreements.push(await readAlong(model, golden));

const disagreements = agreements.flatMap(agreement => agreement.disagreements).sort((a, b) => a - b);
const share = (part: number): string => disagreements[Math.floor(disagreements.length * part)]!.toFixed(2);
const sum = (of: (agreement: Agreement) => number): number =>
	agreements.reduce((total, agreement) => total + of(agreement), 0);
const name = (token: number): string => `\`${JSON.stringify(model.tokenizer.decode([token])).slice(1, -1)}\``;
const rows = agreements.flatMap(({first}, index) => {
	if (first === undefined) return [];
	const {step, theirs, own, theirLead, ownLead} = first;
	return [
		[String(index + 1), String(step + 1), name(theirs), theirLead.toFixed(2), name(own), ownLead.toFixed(2)],
	];
});
const usual = disagreements[Math.floor(disagreements.length * 0.99)]!;
const near = agreements.filter(({first}) => first !== undefined && first.theirLead + first.ownLead <= usual);
const report = [
	formatTable(['prompt', 'token', 'llama.cpp', 'leads there by', 'here', 'leads here by'], rows),
	`The same best token in ${sum(({same}) => same)} of ${sum(({steps}) => steps)} steps, and ${prompts.length - rows.length} of ${prompts.length} answers to their end. About how far the best token lies before the three behind it both programs disagree by ${share(0.5)} of a logit (median of all steps; 95 %: ${share(0.95)}, 99 %: ${share(0.99)}). ${near.length} of ${rows.length} answers part where that is enough to part them.`,
].join('\n\n');
await model.close();
console.log(report);
if (flags.docs) {
	const page = place('../docs/language-models.md');
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'agreement', report));
}
