import type {CaptionView} from './captions.js';

/** Paragraphs on the page; hours of speech would otherwise make it slow. */
const MOST_PARAGRAPHS = 500;

/** Draws captions as paragraphs: new final text is announced to those who listen to the page, the tail is not. */
export function createCaptionView(log: HTMLElement): CaptionView {
	const tail = document.createElement('span');
	tail.className = 'tail';
	tail.ariaHidden = 'true';
	let paragraph: HTMLParagraphElement | undefined;
	let current: number | undefined;

	function paragraphOf(segment: number): HTMLParagraphElement {
		if (paragraph === undefined || current !== segment) {
			paragraph = document.createElement('p');
			current = segment;
			log.append(paragraph);
			while (log.childElementCount > MOST_PARAGRAPHS) log.firstElementChild?.remove();
		}
		return paragraph;
	}

	/** Unless somebody reads further up. */
	function change(work: () => void): void {
		const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
		work();
		if (isAtEnd) log.scrollTop = log.scrollHeight;
	}

	return {
		addFinal(segment, text) {
			change(() => {
				tail.remove();
				const final = document.createElement('span');
				final.textContent = text;
				paragraphOf(segment).append(final);
			});
		},
		showTail(segment, text) {
			change(() => {
				tail.textContent = text;
				if (text === '') tail.remove();
				else paragraphOf(segment).append(tail);
			});
		},
		clear() {
			log.replaceChildren();
			paragraph = undefined;
		},
	};
}
