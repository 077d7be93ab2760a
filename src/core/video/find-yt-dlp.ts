import {isAbsolute} from 'node:path';

import {findProgram} from '../audio/find-program.js';
import {InfinisstError} from '../errors.js';

/** How people get it; the end of sentences. */
export const YT_DLP_INSTALLATION =
	'Install it with "pipx install yt-dlp" or from https://github.com/yt-dlp/yt-dlp, or name its path in INFINISST_YT_DLP.';

/**
 * The path of yt-dlp: the one that `INFINISST_YT_DLP` names, or the first of `PATH`.
 *
 * @param environment - `process.env`, or what stands for it.
 * @throws {InfinisstError} `PROGRAM_MISSING`; `OPTION_INVALID` when `INFINISST_YT_DLP` is no full path.
 */
export async function findYtDlp(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
	const chosen = environment['INFINISST_YT_DLP'];
	if (chosen) {
		if (isAbsolute(chosen)) return chosen;
		throw new InfinisstError('OPTION_INVALID', `INFINISST_YT_DLP is "${chosen}", which is no full path`, {
			hint: 'Set it to the full path of yt-dlp, or unset it.',
		});
	}

	const found = await findProgram('yt-dlp', environment);
	if (found !== undefined) return found;
	throw new InfinisstError('PROGRAM_MISSING', 'yt-dlp is not installed, which fetches videos', {
		hint: YT_DLP_INSTALLATION,
	});
}
