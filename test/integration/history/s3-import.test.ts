import {cp, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {openS3Tree} from '../../../src/history/import/s3-tree.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {startCuttingProxy, UNCUT} from '../../helpers/cutting-proxy.js';
import {createFakeContext} from '../../helpers/fake-context.js';
import {describeWithPython} from '../../helpers/python-environment.js';
import {S3_KEYS, startS3Server} from '../../helpers/s3-server.js';
import {hasShared, sharedPath} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const signal = new AbortController().signal;

/** There are hundreds, which tell nothing that the rest do not. */
const OTHER_LOG = /\/logs\/(?!job-driver|raylet|serve|events(?:$|\/event_(?!CORE)))/;

async function run(folder: string, env: Record<string, string>, ...args: readonly string[]) {
	const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: folder, ...env}});
	const exitCode = await main(['history', ...args], context);
	return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text};
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk);
	return Buffer.concat(chunks);
}

describeWithPython('the import from an S3-compatible store', () => {
	it.skipIf(!hasShared)(
		'takes what an import of the folder takes, answers the same, and takes nothing twice (needs ../shared)',
		async () => {
			const folder = await temporaryDirectory();
			const buckets = join(folder, 'buckets');
			await mkdir(join(buckets, 'ray-history/team'), {recursive: true});
			await cp(sharedPath('history/storage'), join(buckets, 'ray-history/team/storage'), {
				recursive: true,
				mode: 0,
				filter: path => !OTHER_LOG.test(path),
			});
			const {url} = await startS3Server(buckets);
			const source = ['s3://ray-history/team/storage/', '--endpoint', url, '--quiet'];
			const first = await run(folder, S3_KEYS, 'import', ...source, '--db', 's3.db');
			expect(first).toMatchObject({
				exitCode: 0,
				stdout: '1 sessions, 36 files of which 0 were known, 2743 events, 0 damaged\n',
			});
			const again = await run(
				folder,
				{...S3_KEYS, AWS_ENDPOINT_URL_S3: url, AWS_REGION: 'us-east-1'},
				...['import', 's3://ray-history/team/storage', '--quiet', '--db', 's3.db'],
			);
			expect(again.stdout).toContain('36 files of which 36 were known, 0 events');
			await run(
				folder,
				{},
				'import',
				join(buckets, 'ray-history/team/storage'),
				'--quiet',
				'--db',
				'disk.db',
			);
			for (const address of [
				'/api/v0/tasks?detail=1&limit=10000',
				'/logical/actors',
				'/api/jobs/',
				'/events',
			]) {
				const [fromStore, fromDisk] = await Promise.all(
					['s3.db', 'disk.db'].map(db => run(folder, {}, 'query', address, '--db', db)),
				);
				expect(fromStore!.stdout).toBe(fromDisk!.stdout);
				expect(fromStore!.stdout.length).toBeGreaterThan(1000);
			}
		},
	);

	it('says what is wrong with keys, with a bucket, with an address and with a store that is not there', async () => {
		const folder = await temporaryDirectory();
		await mkdir(join(folder, 'buckets/known'), {recursive: true});
		const {url} = await startS3Server(join(folder, 'buckets'));
		const tries = async (env: Record<string, string>, source: string, endpoint = url) => {
			const {exitCode, stderr} = await run(folder, env, 'import', source, '--endpoint', endpoint);
			return [exitCode, stderr] as const;
		};
		const [deniedCode, denied] = await tries({...S3_KEYS, AWS_SECRET_ACCESS_KEY: 'wrong'}, 's3://known/a');
		expect(denied).toContain('s3://known/a may not be read');
		expect(denied).toContain('AWS_ACCESS_KEY_ID');
		expect(deniedCode).not.toBe(0);
		expect((await tries(S3_KEYS, 's3://unknown/a'))[1]).toContain('There is no bucket for s3://unknown/a');
		expect((await tries(S3_KEYS, 's3://known/a'))[1]).toContain('s3://known/a holds no session');
		expect((await tries(S3_KEYS, 's3://'))[1]).toContain('s3:// names no bucket');
		expect((await tries(S3_KEYS, 's3://known/a', 'nowhere'))[1]).toContain('--endpoint must be an address');
		const onFolder = await run(folder, {}, 'import', 'buckets', '--region', 'x');
		expect(onFolder.stderr).toContain('--endpoint, --region and --path-style are for s3://');
	});

	it('reads on where a connection broke, and lists folders of more than a page', async () => {
		const folder = await temporaryDirectory();
		await mkdir(join(folder, 'bucket/many'), {recursive: true});
		const bytes = Buffer.alloc(3_000_000, 'a line of a log file, and then another one\n');
		await writeFile(join(folder, 'bucket/large.log'), bytes);
		for (let index = 0; index < 1100; index += 1) await writeFile(join(folder, `bucket/many/f${index}`), '');
		const {port} = await startS3Server(folder);
		const proxy = await startCuttingProxy(port, () => ({...UNCUT, downBytes: 1_300_000}));
		const tree = await openS3Tree({
			address: 's3://bucket',
			endpoint: `http://127.0.0.1:${proxy.port}`,
			environment: S3_KEYS,
			signal,
		});
		try {
			expect(await tree.files('many')).toHaveLength(1100);
			expect(await tree.stat('large.log')).toMatchObject({sizeBytes: 3_000_000});
			expect((await readAll(tree.read('large.log'))).equals(bytes)).toBe(true);
			expect((await readAll(tree.read('large.log', 2_999_990))).equals(bytes.subarray(2_999_990))).toBe(true);
			expect(proxy.cuts).toBeGreaterThanOrEqual(2);
		} finally {
			tree.close();
		}
	});
});

it('says what to install where the client library for S3 is not there', async () => {
	const missing = () =>
		Promise.reject(Object.assign(new Error('no such package'), {code: 'ERR_MODULE_NOT_FOUND'}));
	const error = await catchRejection(openS3Tree({address: 's3://bucket', environment: {}, signal}, missing));
	expect(error).toMatchObject({
		code: 'PROGRAM_MISSING',
		message: 'Reading from S3 needs the package @aws-sdk/client-s3',
		hint: 'Install it where infinisst is: npm install @aws-sdk/client-s3.',
	});
});
