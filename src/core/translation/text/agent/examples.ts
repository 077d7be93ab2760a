/**
 * What a base model is shown before a talk: sentences of our own, by language. Four are enough for it to see what is
 * wanted; more make each session's cache longer.
 */
export const EXAMPLES: readonly Readonly<Record<string, string>>[] = [
	{
		en: 'Good morning, and thank you all for coming.',
		de: 'Guten Morgen, und danke, dass Sie alle gekommen sind.',
		es: 'Buenos días, y gracias a todos por venir.',
		it: 'Buongiorno, e grazie a tutti di essere venuti.',
		fr: "Bonjour, et merci à tous d'être venus.",
		zh: '早上好，感谢大家的到来。',
	},
	{
		en: 'Last year we built three new schools in the valley,',
		de: 'Letztes Jahr haben wir drei neue Schulen im Tal gebaut,',
		es: 'El año pasado construimos tres escuelas nuevas en el valle,',
		it: "L'anno scorso abbiamo costruito tre nuove scuole nella valle,",
		fr: "L'année dernière, nous avons construit trois nouvelles écoles dans la vallée,",
		zh: '去年我们在山谷里建了三所新学校，',
	},
	{
		en: 'and the children no longer have to walk for an hour.',
		de: 'und die Kinder müssen nicht mehr eine Stunde lang laufen.',
		es: 'y los niños ya no tienen que caminar una hora.',
		it: "e i bambini non devono più camminare per un'ora.",
		fr: "et les enfants n'ont plus à marcher pendant une heure.",
		zh: '孩子们不用再走一个小时的路了。',
	},
	{
		en: 'I believe that this is only the beginning.',
		de: 'Ich glaube, dass dies erst der Anfang ist.',
		es: 'Creo que esto es solo el comienzo.',
		it: "Credo che questo sia solo l'inizio.",
		fr: "Je crois que ce n'est que le début.",
		zh: '我相信这只是一个开始。',
	},
];
