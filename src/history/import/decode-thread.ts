import {answerCalls} from '../../core/util/thread-call.js';
import {EventDecoder, type EventFile} from './event-decoder.js';

let decoder: EventDecoder | undefined;

answerCalls({
	begin(file: EventFile) {
		decoder = new EventDecoder(file);
		return Promise.resolve();
	},
	push: (bytes: Uint8Array) => Promise.resolve(decoder!.push(bytes)),
	end: (fault: string | undefined) => Promise.resolve(decoder!.end(fault)),
});
