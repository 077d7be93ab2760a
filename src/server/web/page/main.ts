import {StreamClient} from '../../../client/stream-client.js';
import type {ServerMessage} from '../../../core/session/stream-protocol.js';
import {createCaptionView} from './caption-view.js';
import {followCaptions} from './captions.js';
import {fillLanguageMenus} from './language-menus.js';
import {fetchPairs, keepKey, keyProtocols, KeyWanted, readKey, streamUrl} from './server.js';
import {openMicrophone, openRecording, type Sound} from './sound.js';

const page = {
	form: find('#controls', HTMLFormElement),
	settings: find('#settings', HTMLFieldSetElement),
	source: find('#source', HTMLSelectElement),
	target: find('#target', HTMLSelectElement),
	latency: find('#latency', HTMLSelectElement),
	fromFile: find('#from-file', HTMLInputElement),
	file: find('#file', HTMLInputElement),
	fileRow: find('#file-row', HTMLElement),
	start: find('#start', HTMLButtonElement),
	stop: find('#stop', HTMLButtonElement),
	enlarge: find('#enlarge', HTMLButtonElement),
	reduce: find('#reduce', HTMLButtonElement),
	status: find('#status', HTMLElement),
	lag: find('#lag', HTMLElement),
	error: find('#error', HTMLElement),
	captions: find('#captions', HTMLElement),
	keyDialog: find('#key-dialog', HTMLDialogElement),
	key: find('#key', HTMLInputElement),
};

const view = createCaptionView(page.captions);
/** Of the session that runs. */
let stop: (() => void) | undefined;
let client: StreamClient | undefined;

page.form.addEventListener('submit', event => {
	event.preventDefault();
	void run();
});
page.stop.addEventListener('click', () => stop?.());
page.form.addEventListener('change', showInput);
page.latency.addEventListener('change', () => {
	try {
		client?.changeLatency(Number(page.latency.value) as 1 | 2 | 3 | 4);
	} catch {
		// The session has just ended; the next one begins with it.
	}
});
page.enlarge.addEventListener('click', () => {
	document.body.classList.add('captions-only');
	page.reduce.focus();
	// Not every device has a full screen; the page is the captions either way.
	document.documentElement.requestFullscreen().catch(() => undefined);
});
page.reduce.addEventListener('click', reduce);
document.addEventListener('fullscreenchange', () => {
	if (document.fullscreenElement === null) reduce();
});
document.addEventListener('keydown', ({key}) => {
	if (key === 'Escape') reduce();
});
page.keyDialog.addEventListener('close', () => {
	if (page.keyDialog.returnValue === 'cancel' || page.key.value === '') return;
	keepKey(page.key.value.trim());
	page.key.value = '';
	void loadLanguages();
});
showInput();
void loadLanguages();

function reduce(): void {
	if (!document.body.classList.contains('captions-only')) return;
	document.body.classList.remove('captions-only');
	if (document.fullscreenElement !== null) void document.exitFullscreen();
	page.enlarge.focus();
}

function showInput(): void {
	page.fileRow.hidden = chosenInput() !== 'file';
}

function chosenInput(): 'microphone' | 'file' {
	return page.fromFile.checked ? 'file' : 'microphone';
}

async function loadLanguages(): Promise<void> {
	try {
		const pairs = await fetchPairs();
		fillLanguageMenus(page, pairs);
		page.start.disabled = false;
		if (page.status.textContent === '') page.status.textContent = 'Ready';
		showError('');
	} catch (error) {
		if (error instanceof KeyWanted) askForKey();
		else showError(describe(error));
	}
}

function askForKey(): void {
	showError(readKey() === undefined ? 'This server wants a key.' : 'The server does not know this key.');
	if (!page.keyDialog.open) page.keyDialog.showModal();
	page.key.focus();
}

/** One session, from start to stop. */
async function run(): Promise<void> {
	const file = chosenInput() === 'file' ? page.file.files?.[0] : undefined;
	if (chosenInput() === 'file' && file === undefined) {
		showError('Choose a file first.');
		page.file.focus();
		return;
	}

	showError('');
	view.clear();
	page.lag.textContent = '';
	setRunning(true);
	let sound: Sound | undefined;
	const stopped = new AbortController();
	stop = () => {
		stopped.abort();
		page.status.textContent = 'Finishing';
		sound?.stop();
	};
	const follow = followCaptions(view);
	try {
		// Every attempt knows the key; the client goes on by itself after a cut.
		client = new StreamClient({
			url: streamUrl(),
			WebSocket: createWatchedSocket(() => stop !== undefined),
			query: {source: page.source.value, target: page.target.value, latency_multiplier: page.latency.value},
			protocols: keyProtocols(),
			onEvent: event => {
				showState(event);
				follow(event);
			},
		});
		const session = client;
		// What ends the session ends the sound, which would go on unheard.
		void session.done.catch(() => undefined).then(() => sound?.stop());
		const write = (samples: Float32Array): Promise<void> => session.write(samples);
		sound = file === undefined ? await openMicrophone(write) : await openRecording(file, write);
		if (stopped.signal.aborted) sound.stop();
		await Promise.race([sound.ended, session.done]);
		endSession(session);
		await session.done;
		page.status.textContent = 'Done';
	} catch (error) {
		sound?.stop();
		client?.close();
		page.status.textContent = 'Stopped';
		showError(describe(error));
	} finally {
		client = undefined;
		stop = undefined;
		view.showTail(0, '');
		setRunning(false);
	}
}

function endSession(session: StreamClient): void {
	try {
		session.end();
	} catch {
		// It has ended; `done` says why.
	}
}

function showState(event: ServerMessage): void {
	if (event.type === 'session.created') showWork();
	else if (event.type === 'lag') page.lag.textContent = `${(event.lag_ms / 1000).toFixed(1)} s behind`;
	else if (event.type === 'error') showError(event.message);
	else if (event.type === 'session.progress') {
		const {status, queue_position: position, activity} = event;
		if (status === 'queued') page.status.textContent = `Waiting for a place: number ${position}`;
		else if (status === 'initializing') page.status.textContent = activity ?? 'Loading the model';
		else if (status === 'active') showWork();
	}
}

function showWork(): void {
	page.status.textContent = chosenInput() === 'file' ? 'Translating' : 'Listening';
}

/** A browser's socket, whose comings and goings are shown. */
function createWatchedSocket(isRunning: () => boolean): typeof WebSocket {
	return class extends WebSocket {
		constructor(url: string | URL, protocols?: string | string[]) {
			super(url, protocols);
			let hasOpened = false;
			this.addEventListener('open', () => {
				hasOpened = true;
				if (page.status.textContent.startsWith('Reconnecting')) page.status.textContent = 'Connected again';
			});
			this.addEventListener('close', ({code}) => {
				if (!isRunning() || code === 1000) return;
				page.status.textContent = 'Reconnecting: nothing is lost';
				// Browsers do not tell why a socket was refused; the next request does.
				if (!hasOpened) void loadLanguages();
			});
		}
	};
}

function setRunning(isRunning: boolean): void {
	page.settings.disabled = isRunning;
	page.start.hidden = isRunning;
	page.stop.hidden = !isRunning;
	(isRunning ? page.stop : page.start).focus();
	if (isRunning) page.status.textContent = 'Connecting';
}

function showError(text: string): void {
	page.error.textContent = text;
}

/** For people: what to do about what browsers refuse. */
function describe(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	switch (error.name) {
		case 'NotAllowedError':
			return 'The browser does not let this page hear the microphone: allow it in the address bar, then start again.';
		case 'NotFoundError':
			return 'There is no microphone. Connect one, or choose a file.';
		case 'SecurityError':
			return 'Browsers give the microphone only to pages from this machine or over HTTPS. Choose a file, or put HTTPS before the server.';
		case 'EncodingError':
			return 'The browser cannot decode this file. Choose another, or translate it with "infinisst translate".';
		case 'TypeError':
			return `The server does not answer (${error.message}).`;
		default:
			return error.message;
	}
}

function find<Element extends HTMLElement>(selector: string, type: new () => Element): Element {
	const found = document.querySelector(selector);
	if (found instanceof type) return found;
	throw new Error(`The page has no ${selector}`);
}
