import {createHash} from 'node:crypto';

import {makeZip} from './make-zip.js';

const INDEX = 'ray/dashboard/client/build/index.html';

/** What a page of three files and a source map consists of. */
export const PAGE: Readonly<Record<string, Buffer>> = {
	[INDEX]: Buffer.from('<script src="./static/js/main.1.js"></script>'),
	'ray/dashboard/client/build/static/js/main.1.js': Buffer.from('void 0;'.repeat(400)),
	'ray/dashboard/client/build/static/js/main.1.js.map': Buffer.from('{}'),
	'ray/dashboard/client/build/static/media/font.woff2': Buffer.from('wOF2'),
	'ray/__init__.py': Buffer.from(''),
};

export interface RayWheelOptions {
	readonly version?: string;
	readonly files?: Readonly<Record<string, Buffer>>;
	/** What the archive holds, where that is not what its list says. */
	readonly changed?: Readonly<Record<string, Buffer>>;
	/** Lines to put before its list. */
	readonly record?: string;
}

/** The bytes of a wheel as Ray's are made. */
export function makeRayWheel({
	version = '2.60.0',
	files = PAGE,
	changed = {},
	record = '',
}: RayWheelOptions = {}): Buffer {
	const information = `ray-${version}.dist-info`;
	return makeZip({
		...files,
		...changed,
		[`${information}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ray\nVersion: ${version}\n`),
		[`${information}/WHEEL`]: Buffer.from(
			'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux2014_x86_64\n',
		),
		[`${information}/RECORD`]: Buffer.from(record + makeRecord(version, files)),
	});
}

export function makeRecord(version: string, files: Readonly<Record<string, Buffer>> = PAGE): string {
	const lines = Object.entries(files).map(
		([name, bytes]) =>
			`${name},sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}`,
	);
	return [...lines, `ray-${version}.dist-info/RECORD,,`, ''].join('\n');
}
