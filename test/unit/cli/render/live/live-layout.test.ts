import {describe, expect, it} from 'vitest';

import {
	layoutLive,
	widthOfLine,
	type LiveLayoutOptions,
} from '../../../../../src/cli/render/live/live-layout.js';
import {createLiveState, type LiveState} from '../../../../../src/cli/render/live/live-state.js';

const wide: LiveLayoutOptions = {columns: 80, rows: 24, hasKeys: true, color: true};

function stateWith(parts: Partial<LiveState> = {}): LiveState {
	const state = createLiveState({sourceLanguage: 'de', targets: ['en'], latencyMultiplier: 2});
	return {...state, audioMs: 61_000, levelDecibels: -30, lagMs: 1250, ...parts};
}

function texts(state: LiveState, options: LiveLayoutOptions): string[] {
	return layoutLive(state, options).map(line => line.map(({text}) => text).join(''));
}

describe('layoutLive', () => {
	it.each([
		[80, '1:01  ████░░░░  German to English  lag 1.3 s  latency 2  + - change, q ends'],
		[60, '1:01  ████░░░░  German to English  lag 1.3 s  latency 2'],
		[50, '1:01  ████░░░░  German to English  lag 1.3 s'],
		[20, '1:01  ████░░░░'],
		[5, '1:01'],
		[3, ''],
	])('leaves out of the status what %d columns have no room for', (columns, status) => {
		expect(texts(stateWith(), {...wide, columns})).toEqual([status]);
	});

	it('names no keys where none reach it', () => {
		expect(texts(stateWith(), {...wide, hasKeys: false})[0]).not.toContain('q ends');
	});

	it.each([
		[{levelDecibels: -100}, '░░░░░░░░'],
		[{levelDecibels: 0}, '████████'],
		[{phase: 'ending' as const}, 'ending'],
		[{lagMs: undefined}, 'listening'],
		[{sourceLanguage: undefined}, '  to English  '],
		[{targets: ['same']}, '  German  '],
		[{targets: ['same', 'en']}, '  German to English  '],
	])('tells %j', (parts, wanted) => {
		expect(texts(stateWith(parts), wide).at(-1)).toContain(wanted);
	});

	it.each([1, 2, 3, 5, 24])('stays lower than a window of %d rows', rows => {
		const open = new Map([['en', {language: 'en', final: ' word'.repeat(500), partial: ' perhaps'}]]);
		const lines = layoutLive(stateWith({open}), {...wide, rows});
		expect(lines.length).toBeLessThanOrEqual(Math.max(rows - 1, 1));
	});

	it('never fills a line, whatever is said and however narrow it is', () => {
		const final = ' Grüße an 跳过懒狗 and incomprehensibilities'.repeat(90);
		const open = new Map([['en', {language: 'en', final, partial: ' perhaps 好'}]]);
		for (let columns = 1; columns < 130; columns++) {
			for (const line of layoutLive(stateWith({open}), {...wide, columns})) {
				expect(widthOfLine(line)).toBeLessThan(Math.max(columns, 2));
			}
		}
	});

	it('marks where the text may still change', () => {
		const open = new Map([['en', {language: 'en', final: ' Good', partial: ' morn'}]]);
		expect(layoutLive(stateWith({open}), wide)[0]).toEqual([
			{text: 'Good', style: 'plain'},
			{text: ' morn', style: 'revisable'},
		]);
		expect(texts(stateWith({open}), {...wide, color: false})[0]).toBe('Good [morn]');
	});
});
