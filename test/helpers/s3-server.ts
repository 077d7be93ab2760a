import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo} from 'node:net';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

import {ensurePython} from './python-environment.js';

/** Folders are its buckets, files its objects; signatures, ranges and pages of lists are as Amazon's. */
const REQUIREMENT = 'nanio==0.1.7';

export const S3_KEYS = {AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'tester-secret-key'} as const;

export interface S3Server {
	readonly url: string;
	readonly port: number;
}

/** An S3-compatible server of the folders in `directory`, until the test has finished. */
export async function startS3Server(directory: string): Promise<S3Server> {
	const program = join(await ensurePython(REQUIREMENT), 'nanio');
	const port = await findFreePort();
	const child = spawn(
		program,
		[
			...['serve', '--host', '127.0.0.1', '--port', String(port), '--data-dir', directory],
			...['--log-level', 'error', '--no-access-log'],
		],
		{
			env: {
				...process.env,
				NANIO_ACCESS_KEY: S3_KEYS.AWS_ACCESS_KEY_ID,
				NANIO_SECRET_KEY: S3_KEYS.AWS_SECRET_ACCESS_KEY,
			},
			stdio: ['ignore', 'ignore', 'inherit'],
		},
	);
	onTestFinished(async () => {
		if (child.exitCode !== null) return;
		child.kill('SIGKILL');
		await once(child, 'exit');
	});
	while (!(await accepts(port))) {
		if (child.exitCode !== null) throw new Error(`the S3 server ended with ${child.exitCode}`);
	}

	return {url: `http://127.0.0.1:${port}`, port};
}

async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	return port;
}

async function accepts(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		return true;
	} catch {
		// A moment, so that the server gets a turn.
		await new Promise(resolve => setTimeout(resolve, 50));
		return false;
	} finally {
		socket.destroy();
	}
}
