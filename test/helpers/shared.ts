import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe} from 'vitest';

const root = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** True where the shared recordings and golden values lie beside the checkout. */
export const hasShared = existsSync(root);

/** Absolute path of a shared file, for example `sharedPath('audio/dev/en_jfk.flac')`. */
export function sharedPath(relative: string): string {
	return root + relative;
}

/** A suite that needs the shared material; skipped, with the reason in its title, where that is absent. */
export function describeWithShared(title: string, body: () => void): void {
	if (hasShared) describe(title, body);
	else describe.skip(`${title} (needs ../shared beside the checkout)`, body);
}
