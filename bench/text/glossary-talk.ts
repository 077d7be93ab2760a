import type {GlossaryEntry} from '../../src/core/engine/engine.js';

/** A term as it is said, and how it is to be written: often otherwise than one would without being told. */
export interface TalkTerm {
	readonly en: string;
	readonly de: string;
	readonly es: string;
	readonly it: string;
	readonly zh: string;
}

export const TALK_TARGETS = ['de', 'es', 'it', 'zh'] as const;

export type TalkTarget = (typeof TALK_TARGETS)[number];

/** Terms of an imaginary town, our own. */
const TERMS: readonly TalkTerm[] = [
	{en: 'heat pump', de: 'Wärmepumpe', es: 'bomba de calor', it: 'pompa di calore', zh: '热泵'},
	{en: 'night shift', de: 'Nachtschicht', es: 'turno de noche', it: 'turno di notte', zh: '夜班'},
	{en: 'seed bank', de: 'Saatgutbank', es: 'banco de semillas', it: 'banca dei semi', zh: '种子库'},
	{
		en: 'speech recognition',
		de: 'Spracherkennung',
		es: 'reconocimiento de voz',
		it: 'riconoscimento vocale',
		zh: '语音识别',
	},
	{
		en: 'annual report',
		de: 'Geschäftsbericht',
		es: 'memoria anual',
		it: 'relazione annuale',
		zh: '年度报告',
	},
	{en: 'board', de: 'Vorstand', es: 'junta directiva', it: 'consiglio direttivo', zh: '董事会'},
	{en: 'flood barrier', de: 'Sturmflutsperrwerk', es: 'barrera móvil', it: 'barriera mobile', zh: '防洪闸'},
	{
		en: 'open day',
		de: 'Tag der offenen Tür',
		es: 'jornada de puertas abiertas',
		it: 'porte aperte',
		zh: '开放日',
	},
	{en: 'waterworks', de: 'Wasserwerk', es: 'planta de agua', it: 'acquedotto', zh: '自来水厂'},
	{en: 'town hall', de: 'Bürgerhaus', es: 'casa consistorial', it: 'municipio', zh: '市政厅'},
	{en: 'tram line', de: 'Straßenbahnlinie', es: 'línea de tranvía', it: 'linea tranviaria', zh: '有轨电车线'},
	{en: 'Northwind', de: 'Northwind', es: 'Northwind', it: 'Northwind', zh: '北风公司'},
];

/** Twenty-four sentences of a talk, our own; each term is said in two or three. */
export const TALK: readonly string[] = [
	'Good evening, and welcome to the town hall.',
	'Tonight the board wants to tell you about the plans for next year.',
	'Every house on the square will have a heat pump before the winter.',
	'The waterworks is older than most of us, and it needs a new roof.',
	'Our engineers work on the night shift, when nobody uses the water.',
	'The new tram line will begin in front of the station.',
	'Northwind builds the tram line, and the city pays half of it.',
	'You can read all the numbers in the annual report.',
	'The flood barrier was closed eleven times last year.',
	'Without the flood barrier the old market would be under water.',
	'In the cellar of the school there is a small seed bank.',
	'The children bring their own beans to the seed bank.',
	'We use speech recognition to write down what is said here.',
	'Speech recognition makes mistakes, so please speak slowly.',
	'On Saturday there is an open day for everybody.',
	'At the open day you can look at the heat pump from inside.',
	'A heat pump is quiet, but it is not cheap.',
	'The board has asked three companies for a price.',
	'Only Northwind has answered so far.',
	'The waterworks will stay open during the work.',
	'Some people on the night shift have asked for more light.',
	'We will build the lamps next to the tram line.',
	'The annual report will be printed on paper for the library.',
	'If you have questions, write to the board or come to the town hall.',
];

/** The glossary of the talk into a language. */
export function talkGlossary(target: TalkTarget): readonly GlossaryEntry[] {
	return TERMS.map(term => ({source: term.en, target: term[target]}));
}
