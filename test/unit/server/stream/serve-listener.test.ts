import {expect, it} from 'vitest';

import {serveListener} from '../../../../src/server/stream/serve-listener.js';
import {SessionFeeds} from '../../../../src/server/stream/session-feeds.js';
import {FakeSocket} from '../../../helpers/fake-socket.js';
import {openHosted, openHostFixture, settle} from '../../../helpers/hosted.js';
import {scriptedAudio} from '../../../helpers/scripted-audio.js';

it('gives a slow listener finals alone, and guesses again when it reads', async () => {
	const {socket, session} = await listen();
	socket.isReading = false;
	socket.bufferedAmount = 100_000;
	await session.write(scriptedAudio(4));
	await settle();
	const heard = new Set(socket.messages.slice(1).map(({type}) => type));
	expect(heard).toEqual(new Set(['final']));
	socket.read();
	await session.write(scriptedAudio(4));
	await settle();
	expect(socket.messages.map(({type}) => type)).toContain('partial');
});

it('closes a listener that is hopeless with 1013, and disturbs no other', async () => {
	const {socket, session, feeds, other, hopeless, clock} = await listen();
	socket.isReading = false;
	socket.bufferedAmount = 2_000_000;
	await session.write(scriptedAudio(4));
	session.end();
	await settle();
	expect(socket.closedWith).toBe(1013);
	expect(hopeless()).toBe(1);
	expect(other.messages.at(-1)!.type).toBe('done');
	expect(other.closedWith).toBe(1000);
	expect(feeds.listeners).toBe(0);
	clock.advance(5000);
	expect(socket.isTerminated).toBe(true);
});

it('ends a listener that answers no ping', async () => {
	const {socket, clock, feeds} = await listen();
	clock.advance(30_000);
	socket.emit('pong');
	clock.advance(30_000);
	expect(socket.isTerminated).toBe(false);
	clock.advance(30_000);
	expect(socket.isTerminated).toBe(true);
	expect(feeds.listeners).toBe(1);
});

async function listen() {
	const {host, clock} = await openHostFixture();
	const feeds = new SessionFeeds(host, clock);
	const {session} = openHosted(host);
	const feed = feeds.find(session.id)!;
	const [socket, other] = [new FakeSocket(), new FakeSocket()];
	let hopeless = 0;
	for (const each of [socket, other]) {
		serveListener({
			socket: each.asWebSocket,
			feed,
			clock,
			signal: new AbortController().signal,
			onHopeless: () => {
				hopeless++;
			},
		});
		each.on('pinged', () => {
			if (each === other) each.emit('pong');
		});
	}
	await settle();
	return {socket, other, session, feeds, clock, hopeless: () => hopeless};
}
