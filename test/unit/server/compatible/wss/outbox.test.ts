import {expect, it} from 'vitest';

import {Outbox} from '../../../../../src/server/compatible/wss/outbox.js';
import {settle} from '../../../../helpers/hosted.js';

/** Sends when it is told to. */
class SlowSocket {
	readonly sent: string[] = [];
	#done: (() => void) | undefined;

	send(text: string, sent: () => void): void {
		this.sent.push(text);
		this.#done = sent;
	}

	/** The frame in hand has left. */
	flush(): void {
		const done = this.#done;
		this.#done = undefined;
		done?.();
	}
}

function open(): {socket: SlowSocket; outbox: Outbox} {
	const socket = new SlowSocket();
	return {socket, outbox: new Outbox(socket)};
}

it('sends only the newest of the texts that a slow socket kept waiting', () => {
	const {socket, outbox} = open();
	for (let words = 1; words <= 5; words++) outbox.push('text/de', 'word '.repeat(words));
	socket.flush();
	socket.flush();
	expect(socket.sent).toEqual(['word ', 'word '.repeat(5)]);
});

it('keeps the newest text of each target', () => {
	const {socket, outbox} = open();
	outbox.push('message', 'READY:');
	for (let words = 1; words <= 3; words++) {
		outbox.push('text/de', `[de] ${words}`);
		outbox.push('text/es', `[es] ${words}`);
	}
	outbox.push('message', 'PROCESSING_COMPLETE:');
	outbox.push('text/de', '[de] 4');
	for (let index = 0; index < 5; index++) socket.flush();
	expect(socket.sent).toEqual(['READY:', '[de] 3', '[es] 3', 'PROCESSING_COMPLETE:', '[de] 4']);
});

it('sends every message, in order, with the text that was so before it', () => {
	const {socket, outbox} = open();
	outbox.push('message', 'READY:');
	outbox.push('text/de', 'a');
	outbox.push('text/de', 'a b');
	outbox.push('message', 'PROCESSING_COMPLETE:');
	outbox.push('text/de', 'c');
	outbox.push('message', 'ERROR: one');
	outbox.push('message', 'ERROR: two');
	for (let index = 0; index < 6; index++) socket.flush();
	expect(socket.sent).toEqual(['READY:', 'a b', 'PROCESSING_COMPLETE:', 'c', 'ERROR: one', 'ERROR: two']);
});

it('takes back texts that are no longer so', () => {
	const {socket, outbox} = open();
	outbox.push('message', 'READY:');
	outbox.push('text/de', 'a');
	outbox.dropTexts();
	socket.flush();
	expect(socket.sent).toEqual(['READY:']);
});

it('makes those wait who cause more messages than are taken, and lets them go on', async () => {
	const {socket, outbox} = open();
	const passed: number[] = [];
	const cause = async (): Promise<void> => {
		for (let index = 0; index < 100; index++) {
			outbox.push('message', `ERROR: ${index}`);
			await outbox.whenRoom();
			passed.push(index);
		}
	};
	void cause();
	await settle();
	expect(passed.length).toBe(64);
	socket.flush();
	await settle();
	expect(passed.length).toBe(65);
	outbox.close();
	await settle();
	expect(passed.length).toBe(100);
});

it('is empty when the last frame has left, not before', async () => {
	const {socket, outbox} = open();
	let isEmpty = false;
	outbox.push('text/de', 'a');
	outbox.push('message', 'b');
	void outbox.whenEmpty().then(() => (isEmpty = true));
	socket.flush();
	await settle();
	expect(isEmpty).toBe(false);
	socket.flush();
	await settle();
	expect(isEmpty).toBe(true);
});

it('tells which messages left before the socket was lost', () => {
	const {socket, outbox} = open();
	const left: string[] = [];
	outbox.push('message', 'a', () => left.push('a'));
	outbox.push('message', 'b', () => left.push('b'));
	socket.flush();
	outbox.close();
	expect(left).toEqual(['a']);
});
