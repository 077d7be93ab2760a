import * as z from 'zod';

import type {CompatSettings} from '../../../compat/check-context.js';
import {InfinisstError} from '../../../core/errors.js';
import {decimalNumber, parseOptions, wholeNumber} from '../../parse-options.js';

export interface CompatOptions {
	/** Undefined: a server of our own. */
	readonly url: URL | undefined;
	readonly only: string | undefined;
	readonly list: boolean;
	/** Undefined: one that the server has. */
	readonly languagePair: string | undefined;
	readonly apiKey: string | undefined;
	readonly json: boolean;
	/** A path. */
	readonly junit: string | undefined;
	readonly settings: CompatSettings;
}

const schema = z.object({
	only: z.string().optional(),
	list: z.boolean().default(false),
	languagePair: z.string().min(1, 'must name a pair').optional(),
	apiKey: z.string().min(1, 'must be a key').optional(),
	timeout: decimalNumber(1, 3600).default(120),
	maxSessions: wholeNumber(1, 10_000).default(64),
	idle: decimalNumber(1, 3600).optional(),
	testVideo: z.string().min(1, 'must name a file').optional(),
	videoUrl: z.string().min(1, 'must be an address').optional(),
	json: z.boolean().default(false),
	junit: z.string().min(1, 'must name a file').optional(),
});

/** What would come comes within this on a server that is not loaded heavily, ms. */
const QUIET_MS = 1500;

/** Speech is spoken twice as fast as a person does: any server that keeps up with several speakers keeps up with it. */
const SPEED = 2;

/**
 * What `infinisst compat` shall do, with every default filled in.
 *
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function parseCompatOptions(
	url: string | undefined,
	flags: unknown,
	env: Readonly<Record<string, string | undefined>>,
): CompatOptions {
	const parsed = parseOptions(schema, flags);
	const {only, list, languagePair, json, junit, testVideo, videoUrl, idle} = parsed;
	const key = env['INFINISST_API_KEY'];
	return {
		url: url === undefined ? undefined : parseUrl(url),
		only,
		list,
		languagePair,
		apiKey: parsed.apiKey ?? (key === '' ? undefined : key),
		json,
		junit,
		settings: {
			timeoutMs: parsed.timeout * 1000,
			quietMs: QUIET_MS,
			speed: SPEED,
			maxSessions: parsed.maxSessions,
			idleMs: idle === undefined ? undefined : idle * 1000,
			testVideo,
			videoUrl,
		},
	};
}

function parseUrl(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
	throw new InfinisstError('OPTION_INVALID', `${JSON.stringify(text)} is no address of a server`, {
		hint: 'Give one such as http://127.0.0.1:8000, or none to check a server of our own.',
	});
}
