import {type Axis, type Legend, type Mark, parse, type Scale, type Spec, View} from 'vega';

export interface PlotPoint {
	readonly x: number;
	readonly y: number;
	/** Written beside the point. */
	readonly label?: string;
}

export interface PlotSeries {
	/** In the legend. */
	readonly name: string;
	readonly points: readonly PlotPoint[];
	/** @default false */
	readonly isDashed?: boolean;
}

export interface PlotRule {
	/** Where on the vertical axis. */
	readonly y: number;
	/** Written above it. */
	readonly label: string;
}

/** A rectangle with two axes and lines in it. */
export interface PlotPanel {
	readonly title: string;
	readonly xTitle: string;
	readonly yTitle: string;
	readonly series: readonly PlotSeries[];
	/** Horizontal lines, for bounds and for what is compared with. */
	readonly rules?: readonly PlotRule[];
	/** Distances between doubles are equal on a `doubling` axis. @default 'linear' */
	readonly xScale?: 'linear' | 'doubling';
	/** @default as the library chooses */
	readonly xTicks?: readonly number[];
	/** Whether the vertical axis begins at 0. @default true */
	readonly startsAtZero?: boolean;
}

export interface Plot {
	readonly title: string;
	/** Where and how it was measured, a line each. */
	readonly notes: readonly string[];
	/** Beside each other. */
	readonly panels: readonly PlotPanel[];
}

const PANEL_WIDTH = 400;
const PANEL_HEIGHT = 280;

/** Told apart by people who see no red or no green (Okabe and Ito's palette, without its yellow). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000'];

const TEXT_COLOUR = '#333333';

/** Draws lines as an SVG document, without a browser. */
export async function renderPlot(plot: Plot): Promise<string> {
	return new View(parse(describePlot(plot)), {renderer: 'none'}).toSVG();
}

function describePlot({title, notes, panels}: Plot): Spec {
	return {
		$schema: 'https://vega.github.io/schema/vega/v6.json',
		background: 'white',
		padding: 16,
		title: {
			text: title,
			subtitle: [...notes],
			// eslint-disable-next-line @typescript-eslint/no-deprecated -- mistaken for the method of strings
			anchor: 'start',
			fontSize: 16,
			subtitleFontSize: 11,
			subtitleColor: TEXT_COLOUR,
			offset: 14,
		},
		layout: {columns: panels.length, padding: {column: 96, row: 24}, bounds: 'flush', align: 'all'},
		marks: panels.map(describePanel),
	};
}

function describePanel(panel: PlotPanel, index: number): Mark {
	const {title, series, rules = [], startsAtZero = true} = panel;
	const points = series.flatMap(({name, points: own}) =>
		own
			.filter(({x, y}) => Number.isFinite(x) && Number.isFinite(y))
			.map(({x, y, label = ''}) => ({series: name, x, y, label})),
	);
	const [pointData, ruleData] = [`points-${index}`, `rules-${index}`];
	const names = series.map(({name}) => name);
	const [x, y, colour, dash] = [`x-${index}`, `y-${index}`, `colour-${index}`, `dash-${index}`];
	const position = {x: {scale: x, field: 'x'}, y: {scale: y, field: 'y'}};
	const stroke = {scale: colour, field: 'series'};
	const heights = [...points, ...rules].map(point => point.y);
	const scales: Scale[] = [
		{
			name: x,
			range: [0, PANEL_WIDTH],
			domain: {data: pointData, field: 'x'},
			...(panel.xScale === 'doubling'
				? {type: 'log', base: 2, padding: 16}
				: {type: 'linear', zero: false, nice: true, padding: 24}),
		},
		{
			name: y,
			type: 'linear',
			range: [PANEL_HEIGHT, 0],
			domain: heights.length === 0 ? [0, 1] : [Math.min(...heights), Math.max(...heights)],
			zero: startsAtZero,
			nice: true,
			padding: startsAtZero ? 0 : 16,
		},
		{name: colour, type: 'ordinal', domain: names, range: COLOURS},
		{
			name: dash,
			type: 'ordinal',
			domain: names,
			range: series.map(({isDashed = false}) => (isDashed ? [5, 4] : [1, 0])),
		},
	];
	const axisText = {labelColor: TEXT_COLOUR, titleColor: TEXT_COLOUR, labelFontSize: 11, titleFontSize: 12};
	const axes: Axis[] = [
		{
			...{orient: 'bottom', scale: x, title: panel.xTitle, titlePadding: 8, ...axisText},
			...(panel.xTicks === undefined ? {tickCount: 6} : {values: [...panel.xTicks]}),
			...(panel.xScale === 'doubling' && {format: 'd', labelOverlap: false}),
		},
		{
			orient: 'left',
			scale: y,
			title: panel.yTitle,
			titlePadding: 10,
			grid: true,
			// Else the lines would be as long as the whole drawing is wide, which is not known.
			gridScale: x,
			gridColor: '#dddddd',
			tickCount: 6,
			...axisText,
		},
	];
	const legends: Legend[] =
		names.length < 2
			? []
			: [
					{
						...{stroke: colour, strokeDash: dash, symbolType: 'stroke', symbolSize: 300},
						...{orient: 'bottom', direction: 'horizontal', columns: 2, offset: 16},
						...{labelFontSize: 11, labelLimit: 260, symbolStrokeWidth: 2},
					},
				];
	return {
		type: 'group',
		encode: {update: {width: {value: PANEL_WIDTH}, height: {value: PANEL_HEIGHT}}},
		// eslint-disable-next-line @typescript-eslint/no-deprecated -- mistaken for the method of strings
		title: {text: title, anchor: 'start', fontSize: 13, offset: 8},
		data: [
			{name: pointData, values: points},
			{name: ruleData, values: [...rules]},
		],
		scales,
		axes,
		legends,
		marks: [
			{
				type: 'rule',
				from: {data: ruleData},
				encode: {
					enter: {
						x: {value: 0},
						x2: {value: PANEL_WIDTH},
						y: {scale: y, field: 'y'},
						stroke: {value: '#777777'},
						strokeDash: {value: [2, 3]},
					},
				},
			},
			{
				type: 'text',
				from: {data: ruleData},
				encode: {
					enter: {
						x: {value: PANEL_WIDTH - 4},
						y: {scale: y, field: 'y', offset: -4},
						align: {value: 'right'},
						fontSize: {value: 10},
						fill: {value: '#555555'},
						text: {field: 'label'},
					},
				},
			},
			{
				type: 'group',
				from: {facet: {name: `lines-${index}`, data: pointData, groupby: 'series'}},
				marks: [
					{
						type: 'line',
						from: {data: `lines-${index}`},
						encode: {
							enter: {
								...position,
								stroke,
								strokeDash: {scale: dash, field: 'series'},
								strokeWidth: {value: 2},
							},
						},
					},
				],
			},
			{
				type: 'symbol',
				from: {data: pointData},
				encode: {enter: {...position, fill: stroke, size: {value: 36}}},
			},
			{
				type: 'text',
				from: {data: pointData},
				encode: {
					enter: {
						...position,
						dx: {value: 7},
						dy: {value: -7},
						fontSize: {value: 10},
						fill: stroke,
						text: {field: 'label'},
					},
				},
			},
		],
	};
}
