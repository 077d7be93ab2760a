import {describe, expect, it} from 'vitest';
import {interleave} from '../../../../bench/kit/interleave.js';
import {replaceBetweenMarkers} from '../../../../bench/kit/replace-between-markers.js';
import {median} from '../../../../bench/kit/statistics.js';
import {formatTable} from '../../../../bench/kit/table.js';

describe('interleaved runs', () => {
	it('turn the order about every round and keep the results by round', async () => {
		const order: string[] = [];
		const results = await interleave(['a', 'b', 'c'], 3, (contestant, round) => {
			order.push(contestant);
			return Promise.resolve(`${contestant}${round}`);
		});
		expect(order.join('')).toBe('abccbaabc');
		expect(results.get('b')).toEqual(['b0', 'b1', 'b2']);
	});
});

describe('median', () => {
	it('is the middle value, or the mean of the two in the middle', () => {
		expect(median([9, 1, 5])).toBe(5);
		expect(median([9, 1, 5, 7])).toBe(6);
		expect(median([])).toBeNaN();
	});
});

describe('table', () => {
	it('pads its columns and aligns all but the first to the right', () => {
		expect(
			formatTable(
				['name', 's'],
				[
					['one', '1.5'],
					['eleven', '10.0'],
				],
			),
		).toBe(['| name   |    s |', '| ------ | ---: |', '| one    |  1.5 |', '| eleven | 10.0 |'].join('\n'));
	});
});

describe('markers', () => {
	it('keep what is around them', () => {
		const page = 'before\n<!-- x:begin -->\n\nold\n\n<!-- x:end -->\nafter\n';
		const changed = replaceBetweenMarkers(page, 'x', 'new');
		expect(changed).toBe('before\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nafter\n');
		expect(replaceBetweenMarkers(changed, 'x', 'new')).toBe(changed);
		expect(() => replaceBetweenMarkers(page, 'y', 'new')).toThrow('<!-- y:begin -->');
	});
});
