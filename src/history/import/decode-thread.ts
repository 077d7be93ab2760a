import {answerCalls} from '../../core/util/thread-call.js';
import {decodeLines, type EventLines} from './decode-lines.js';

answerCalls({decode: (lines: EventLines) => Promise.resolve(decodeLines(lines))});
