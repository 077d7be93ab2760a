import {describe, expect, it} from 'vitest';
import {type PlotPanel, renderPlot} from '../../../../bench/kit/plot.js';

const PANEL: PlotPanel = {
	title: 'Captions',
	xTitle: 'lag, s',
	yTitle: 'error rate, %',
	series: [
		{
			name: 'mean',
			points: [
				{x: 1, y: 14, label: 'fast'},
				{x: 3, y: 10, label: 'good'},
			],
		},
		{name: 'largest', points: [{x: 2, y: 14}], isDashed: true},
	],
	rules: [{y: 9, label: 'whole file'}],
};

const render = (panel: PlotPanel) => renderPlot({title: 'Quality', notes: ['2 cores'], panels: [panel]});

describe('a plot', () => {
	it('is an SVG document with every title, label, note and name in it', async () => {
		const svg = await render(PANEL);
		expect(svg).toMatch(/^<svg /);
		for (const text of [
			'Quality',
			'2 cores',
			'Captions',
			'lag, s',
			'error rate, %',
			'mean',
			'largest',
			'whole file',
		]) {
			expect(svg).toContain(`>${text}</text>`);
		}
		expect(svg).toContain('>fast</text>');
		expect(svg.match(/mark-symbol role-mark/g)).toHaveLength(1);
	});

	it('leaves out points without a value', async () => {
		const points = [
			{x: 1, y: 14},
			{x: 4, y: Number.NaN},
		];
		const svg = await render({
			...PANEL,
			series: [{name: 'mean', points: [...points, {x: 4, y: Number.NaN}]}],
		});
		expect(svg).not.toContain('NaN');
	});

	it('writes each tick asked for on an axis of doubles', async () => {
		const points = [
			{x: 1, y: 1},
			{x: 32, y: 2},
		];
		const xTicks = [1, 2, 4, 8, 16, 24, 32];
		const svg = await render({...PANEL, xScale: 'doubling', xTicks, series: [{name: 'mean', points}]});
		for (const tick of xTicks) expect(svg).toContain(`>${tick}</text>`);
	});

	it('can be drawn with nothing in it', async () => {
		await expect(render({...PANEL, series: [], rules: []})).resolves.toContain('Captions');
	});
});
