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
		switch (message.type) {
			case 'final':
				view.addFinal(message.segment, message.text);
				break;
			case 'partial':
				view.showTail(message.segment, message.text);
				break;
			case 'session.snapshot': {
				view.clear();
				const [text] = message.texts;
				if (text === undefined) break;
				view.addFinal(-1, text.final);
				view.showTail(-1, text.partial);
				break;
			}
			case 'session.reset':
				view.clear();
				break;
			default:
		}
	};
}
