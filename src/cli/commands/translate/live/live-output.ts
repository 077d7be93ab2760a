import type {SegmentEnded, SessionEvent} from '../../../../core/session/session-event.js';
import type {StreamEvents} from '../../../../core/session/stream-event.js';
import type {RecordingSummary, SubtitleFormatter} from '../../../../core/subtitles/subtitle-formatter.js';
import type {TextSink} from '../text-sink.js';

/** Somewhere that the text of a live session goes. */
export interface LiveOutput {
	/** Rejects if it cannot be written. */
	take(event: SessionEvent): Promise<void>;
	/** Nothing more comes, whether the session has ended or failed: what there is becomes complete. */
	end(summary: RecordingSummary): Promise<void>;
}

type Print = (text: string) => Promise<void>;

/** A file, or a document that is printed: a segment at a time, when it is complete. */
export async function createFormattedOutput(
	target: string,
	formatter: SubtitleFormatter,
	sink: TextSink,
): Promise<LiveOutput> {
	await sink.write(formatter.begin());
	return {
		async take(event) {
			if (event.type !== 'segment-ended' || event.target !== target) return;
			await sink.write(formatter.segment({...event, index: event.segment}));
		},
		async end(summary) {
			await sink.write(formatter.end(summary));
			await sink.commit();
		},
	};
}

/**
 * Plain text. Of one target each piece as it becomes final, and a new line where a segment ends; of several a
 * labelled line for each segment, because half a sentence of one must not run into another.
 */
export function createTranscriptOutput(targets: readonly string[], print: Print): LiveOutput {
	let isLineOpen = false;
	return {
		async take(event) {
			if (targets.length > 1) {
				if (event.type === 'segment-ended') await print(`${formatLabelled(event)}\n`);
			} else if (event.type === 'text-final') {
				const text = isLineOpen ? event.text : event.text.trimStart();
				isLineOpen ||= text !== '';
				await print(text);
			} else if (event.type === 'segment-ended' && isLineOpen) {
				isLineOpen = false;
				await print('\n');
			}
		},
		async end() {
			if (isLineOpen) await print('\n');
		},
	};
}

/** `[en] Good morning.`: by the language it is in. */
export function formatLabelled({language, text}: Pick<SegmentEnded, 'language' | 'text'>): string {
	return `[${language}] ${text}`;
}

/** `--json`: one event of the stream a line. */
export function createEventOutput(stream: StreamEvents, print: Print): LiveOutput {
	return {
		async take(event) {
			for (const told of stream.of(event)) await print(`${JSON.stringify(told)}\n`);
		},
		end: () => Promise.resolve(),
	};
}
