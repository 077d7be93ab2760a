import {workerData} from 'node:worker_threads';
import {answerCalls} from '../../../util/thread-call.js';
import {openTextTranslator, type TextModelOptions} from '../open-text-translator.js';
import {textCalls} from './text-calls.js';

answerCalls(textCalls(openTextTranslator(workerData as TextModelOptions)));
