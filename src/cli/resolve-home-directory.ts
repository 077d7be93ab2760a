import {join, resolve} from 'node:path';
import envPaths from 'env-paths';
import type {CommandContext} from './command-context.js';

/**
 * Where this program keeps what it has fetched and recorded: `INFINISST_HOME`, or the system's place for
 * data of programs. Not the cache, because a model that was carried into a closed network cannot be fetched
 * again.
 */
export function resolveHomeDirectory({env, cwd}: Pick<CommandContext, 'env' | 'cwd'>): string {
	const chosen = env['INFINISST_HOME'];
	return chosen ? resolve(cwd, chosen) : envPaths('infinisst', {suffix: ''}).data;
}

/** Where what happened is kept, unless another file is named. */
export function resolveHistoryFile(context: Pick<CommandContext, 'env' | 'cwd'>): string {
	return join(resolveHomeDirectory(context), 'history.db');
}

/** Where pages of Ray's dashboard are: beside the models, so that a folder carried into a closed network has them. */
export function resolveDashboardsDirectory(context: Pick<CommandContext, 'env' | 'cwd'>): string {
	return join(resolveHomeDirectory(context), 'dashboard');
}

/** Where the user's own settings are: the system's place for those, or beside the rest where `INFINISST_HOME` is set. */
export function resolveConfigDirectory({env, cwd}: Pick<CommandContext, 'env' | 'cwd'>): string {
	const chosen = env['INFINISST_HOME'];
	return chosen ? resolve(cwd, chosen) : envPaths('infinisst', {suffix: ''}).config;
}
