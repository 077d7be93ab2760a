import type {ServerMessage} from '../../../core/session/stream-protocol.js';

/** What the page shows of a target: paragraphs that never change, and what is likely to follow. */
export interface CaptionView {
	/** A text that follows what was shown. @param segment - a new paragraph begins where it is another */
	addFinal(segment: number, text: string): void;
	/** Replaces what is likely to follow. */
	showTail(segment: number, text: string): void;
	/** Nothing was said. */
	clear(): void;
}

/** Shows what a stream says. */
export function followCaptions(view: CaptionView): (message: ServerMessage) => void {
	return message => {
		if (message.type === 'final') view.addFinal(message.segment, message.text);
		else if (message.type === 'partial') view.showTail(message.segment, message.text);
		else if (message.type === 'session.reset') view.clear();
		else if (message.type === 'session.snapshot') {
			view.clear();
			const [text] = message.texts;
			if (text === undefined) return;
			view.addFinal(-1, text.final);
			view.showTail(-1, text.partial);
		}
	};
}
