import type {TranslationEvent} from '../../../core/translation/translation-event.js';
import type {OpenAiError} from '../error-body.js';
import {JoinedText} from './joined-text.js';
import type {AnswerFacts} from './write-answer.js';

/**
 * A translation as server-sent events: a `transcript.text.delta` for each segment, then `transcript.text.done` with the
 * whole text. What fails is the last event, because the status has been told by then.
 *
 * @param describe - says what a failure is called.
 */
export async function* streamAnswer(
	events: AsyncIterable<TranslationEvent>,
	{task}: Pick<AnswerFacts, 'task'>,
	describe: (error: unknown) => OpenAiError,
): AsyncGenerator<string, void> {
	const joined = new JoinedText(task === 'translate' ? 'en' : 'same');
	let audioMs = 0;
	try {
		for await (const event of events) {
			if (event.type === 'segment-final') {
				yield writeEvent({type: 'transcript.text.delta', delta: joined.add(event.segment)});
			} else if (event.type === 'translation-ended') ({audioMs} = event);
		}
	} catch (error) {
		yield writeEvent({error: describe(error)});
		return;
	}

	yield writeEvent({
		type: 'transcript.text.done',
		text: joined.text,
		usage: {type: 'duration', seconds: Math.ceil(audioMs / 1000)},
	});
}

function writeEvent(data: unknown): string {
	return `data: ${JSON.stringify(data)}\n\n`;
}
