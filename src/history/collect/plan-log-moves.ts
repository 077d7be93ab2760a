/** A log file that is followed. */
export interface FollowedFile {
	readonly path: string;
	/** Null where nobody knows in which file on the disk it was read. */
	readonly identity: string | null;
}

export interface PlannedMove {
	readonly from: string;
	readonly to: string;
}

/**
 * Tells which followed files have another name by now, as after a rotation: `x.log` became `x.log.1`, and
 * another file is `x.log`. One that was deleted gives its name up for the next free number, so that nothing
 * of it is lost.
 *
 * @param disk - identities by path.
 * @param isSame - whether the file at a path begins with what is stored: numbers of deleted files are used again.
 */
export async function planLogMoves(
	followed: readonly FollowedFile[],
	disk: ReadonlyMap<string, string>,
	isSame: (file: FollowedFile, path: string) => Promise<boolean>,
): Promise<readonly PlannedMove[]> {
	const places = new Map<string, string[]>();
	for (const [path, identity] of disk) places.set(identity, [...(places.get(identity) ?? []), path]);
	const moves: PlannedMove[] = [];
	const staying = new Set<string>();
	const leaving: {readonly file: FollowedFile; readonly isDisplaced: boolean}[] = [];
	for (const file of followed) {
		const here = disk.get(file.path);
		const isHere = here !== undefined && (file.identity === null || here === file.identity);
		if (isHere) staying.add(file.path);
		else leaving.push({file, isDisplaced: here !== undefined});
	}

	const targets = new Set<string>();
	const lost: FollowedFile[] = [];
	for (const {file, isDisplaced} of leaving) {
		const to = await findPlace(file);
		if (to !== undefined) {
			targets.add(to);
			moves.push({from: file.path, to});
		} else if (isDisplaced) lost.push(file);
		else staying.add(file.path);
	}

	// One that is gone, and whose name another takes, gets a name that neither the disk nor the history knows.
	const displaced = [...lost, ...followed.filter(({path}) => targets.has(path) && staying.has(path))];
	for (const {path} of displaced) {
		const to = findFreeName(path, name => disk.has(name) || staying.has(name) || targets.has(name));
		targets.add(to);
		moves.push({from: path, to});
	}

	return moves;

	async function findPlace(file: FollowedFile): Promise<string | undefined> {
		for (const path of file.identity === null ? [] : (places.get(file.identity) ?? [])) {
			const isTaken = targets.has(path) || (staying.has(path) && disk.has(path));
			if (!isTaken && (await isSame(file, path))) return path;
		}

		return undefined;
	}
}

/** "x.log" becomes "x.log.1", and "x.log.1" "x.log.2", or the first number after that is free. */
export function findFreeName(path: string, isTaken: (path: string) => boolean): string {
	const [, stem = path, last = '0'] = /^(.+)\.(\d{1,9})$/.exec(path) ?? [];
	for (let number = Number(last) + 1; ; number += 1) {
		const name = `${stem}.${number}`;
		if (!isTaken(name)) return name;
	}
}
