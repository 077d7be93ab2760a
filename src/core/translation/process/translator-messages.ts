import type {Fault} from '../../util/fault.js';
import type {TranslationEvent} from '../translation-event.js';
import type {WhisperFileTranslatorOptions} from '../whisper-file-translator.js';
import type {RecordingRequest} from './recording-translator.js';

/** What goes to the process of a translator. */
export type TranslatorRequest =
	| {readonly type: 'open'; readonly options: WhisperFileTranslatorOptions}
	| {readonly type: 'translate'; readonly id: number; readonly recording: RecordingRequest}
	| {readonly type: 'abort'; readonly id: number};

/** What comes back. */
export type TranslatorResponse =
	| {readonly type: 'opened'}
	/** It could not be opened. */
	| {readonly type: 'refused'; readonly fault: Fault}
	| {readonly type: 'event'; readonly id: number; readonly event: TranslationEvent}
	| {readonly type: 'ended'; readonly id: number}
	| {readonly type: 'failed'; readonly id: number; readonly fault: Fault};
