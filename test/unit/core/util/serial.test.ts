import {describe, expect, it} from 'vitest';
import {createSerial} from '../../../../src/core/util/serial.js';

describe('createSerial()', () => {
	it('begins each work when the one before has ended, in the order of the calls', async () => {
		const serial = createSerial();
		const log: string[] = [];
		const work = (name: string, turns: number) => async () => {
			log.push(`${name} begins`);
			for (let turn = 0; turn < turns; turn++) await Promise.resolve();
			log.push(`${name} ends`);
			return name;
		};
		expect(await Promise.all([serial(work('a', 20)), serial(work('b', 0)), serial(work('c', 5))])).toEqual([
			'a',
			'b',
			'c',
		]);
		expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
	});

	it('goes on after work that failed, and tells only its caller', async () => {
		const serial = createSerial();
		const failing = serial(() => Promise.reject(new Error('no')));
		const next = serial(() => Promise.resolve('yes'));
		await expect(failing).rejects.toThrow('no');
		expect(await next).toBe('yes');
	});
});
