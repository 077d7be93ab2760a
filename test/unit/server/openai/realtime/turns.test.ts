import {describe, expect, it} from 'vitest';
import {ConversationItems} from '../../../../../src/server/openai/realtime/conversation-items.js';
import type {ServerEvent} from '../../../../../src/server/openai/realtime/event-socket.js';
import {ClientTurns, PauseTurns, type Turns} from '../../../../../src/server/openai/realtime/turns.js';
import type {HostedEvent} from '../../../../../src/server/sessions/session-host.js';

const at = {target: 'same', language: 'en', segment: 0};

const final = (text: string, startMs = 0, endMs = startMs + 500): HostedEvent => ({
	type: 'text-final',
	...at,
	text,
	startMs,
	endMs,
	audioMs: endMs,
});
const segment = (startMs: number, endMs: number): HostedEvent => ({
	type: 'segment-ended',
	...at,
	text: 'said',
	sourceLanguage: 'en',
	startMs,
	endMs,
	audioMs: endMs,
});
const stretch = (audioMs: number): HostedEvent => ({type: 'stretch-ended', audioMs});
const ended = (audioMs: number): HostedEvent => ({type: 'session-ended', audioMs});

/** Says events in short: items are A, B, ... in the order in which they are first named. */
function createTurns(mode: 'client' | 'pause'): {readonly turns: Turns; readonly told: () => string[]} {
	const events: ServerEvent[] = [];
	const send = (event: ServerEvent): void => void events.push(event);
	const items = new ConversationItems(send, 'current');
	const turns = mode === 'client' ? new ClientTurns(items) : new PauseTurns(items, send);
	const names = new Map<unknown, string>();
	const nameOf = (id: unknown): string => {
		if (id === null || id === undefined) return '-';
		if (!names.has(id)) names.set(id, String.fromCodePoint(65 + names.size));
		return names.get(id)!;
	};
	return {
		turns,
		told: () =>
			events.splice(0).flatMap(event => {
				switch (event.type) {
					case 'input_audio_buffer.committed':
						return [`${nameOf(event['item_id'])} committed after ${nameOf(event['previous_item_id'])}`];
					case 'conversation.item.input_audio_transcription.delta':
						return [`${nameOf(event['item_id'])} +"${String(event['delta'])}"`];
					case 'conversation.item.input_audio_transcription.completed': {
						const {seconds} = event['usage'] as {seconds: number};
						return [`${nameOf(event['item_id'])} = "${String(event['transcript'])}" of ${seconds} s`];
					}
					case 'input_audio_buffer.speech_started':
						return [`${nameOf(event['item_id'])} started at ${String(event['audio_start_ms'])}`];
					case 'input_audio_buffer.speech_stopped':
						return [`${nameOf(event['item_id'])} stopped at ${String(event['audio_end_ms'])}`];
					default:
						return [];
				}
			}),
	};
}

describe('turns that the client ends', () => {
	it('tell text as it comes, and the whole of it after the commit', () => {
		const {turns, told} = createTurns('client');
		turns.take(final(' Hello'));
		turns.take(final(' there.'));
		expect(told()).toEqual(['A +"Hello"', 'A +" there."']);
		turns.commit();
		expect(told()).toEqual(['A committed after -']);
		turns.take(final(' Bye.'));
		turns.take(stretch(2000));
		expect(told()).toEqual(['A +" Bye."', 'A = "Hello there. Bye." of 2 s']);
	});

	it('keep several commits apart, one of them without speech', () => {
		const {turns, told} = createTurns('client');
		turns.commit();
		turns.commit();
		turns.commit();
		expect(told()).toEqual(['A committed after -', 'B committed after A', 'C committed after B']);
		turns.take(final('one'));
		turns.take(stretch(1000));
		turns.take(stretch(1500));
		turns.take(final('three'));
		turns.take(stretch(3000));
		expect(told()).toEqual([
			'A +"one"',
			'A = "one" of 1 s',
			'B = "" of 0.5 s',
			'C +"three"',
			'C = "three" of 1.5 s',
		]);
	});

	it('are forgotten when they are cleared, but for those that were committed', () => {
		const {turns, told} = createTurns('client');
		turns.take(final('wrong'));
		expect(turns.clear()).toBe('reset');
		turns.commit();
		expect(turns.clear()).toBe('flush');
		turns.take(final('right'));
		turns.take(stretch(1000));
		turns.take(final('wrong again'));
		turns.take(stretch(2000));
		turns.take(final('new'));
		expect(told()).toEqual([
			'A +"wrong"',
			'B committed after -',
			'B +"right"',
			'B = "right" of 1 s',
			'C +"new"',
		]);
	});

	it('are complete at the end of the session, also without a commit', () => {
		const {turns, told} = createTurns('client');
		turns.take(final('Hello'));
		turns.take(ended(700));
		expect(told()).toEqual(['A +"Hello"', 'A committed after -', 'A = "Hello" of 0.7 s']);
	});
});

describe('turns that end at pauses', () => {
	it('are items of their own, told from their first word on', () => {
		const {turns, told} = createTurns('pause');
		turns.take(final(' Hello', 300));
		turns.take(final(' there.', 800, 1500));
		turns.take(segment(300, 1500));
		turns.take(final(' Bye.', 4000, 4400));
		turns.take(segment(4000, 4500));
		expect(told()).toEqual([
			'A started at 300',
			'A +"Hello"',
			'A +" there."',
			'A stopped at 1500',
			'A committed after -',
			'A = "Hello there." of 1.2 s',
			'B started at 4000',
			'B +"Bye."',
			'B stopped at 4500',
			'B committed after A',
			'B = "Bye." of 0.5 s',
		]);
	});

	it('end at a commit too, which is answered also where nobody spoke', () => {
		const {turns, told} = createTurns('pause');
		turns.take(final('Hello', 0));
		turns.commit();
		turns.take(segment(0, 900));
		turns.take(stretch(1000));
		turns.commit();
		turns.take(stretch(3000));
		expect(told()).toEqual([
			'A started at 0',
			'A +"Hello"',
			'A stopped at 900',
			'A committed after -',
			'A = "Hello" of 0.9 s',
			'B committed after A',
			'B = "" of 2 s',
		]);
	});

	it('are forgotten when they are cleared', () => {
		const {turns, told} = createTurns('pause');
		turns.take(final('wrong', 0));
		expect(turns.clear()).toBe('reset');
		turns.take({type: 'session-reset'});
		turns.take(final('right', 0));
		turns.commit();
		expect(turns.clear()).toBe('flush');
		turns.take(segment(0, 900));
		turns.take(stretch(1000));
		turns.take(final('wrong again', 1000));
		turns.take(segment(1000, 1900));
		turns.take(stretch(2000));
		turns.take(final('new', 2000));
		expect(told()).toEqual([
			'A started at 0',
			'A +"wrong"',
			'B started at 0',
			'B +"right"',
			'B stopped at 900',
			'B committed after -',
			'B = "right" of 0.9 s',
			'C started at 2000',
			'C +"new"',
		]);
	});

	it('are complete at the end of the session', () => {
		const {turns, told} = createTurns('pause');
		turns.take(final('Hello', 0));
		turns.take(ended(700));
		expect(told()).toContain('A = "Hello" of 0.7 s');
	});
});
