import {expect, it} from 'vitest';
import {formatBytes} from '../../../../src/core/models/format-bytes.js';

it.each([
	[0, '0 B'],
	[999, '999 B'],
	[1000, '1.0 kB'],
	[145_217_607, '145.2 MB'],
	[999_960_000, '1.0 GB'],
	[3_090_000_000, '3.1 GB'],
])('formats %i bytes as %s', (bytes, text) => {
	expect(formatBytes(bytes)).toBe(text);
});
