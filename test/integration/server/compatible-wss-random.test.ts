import {expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {init, PageSocket} from '../../helpers/compatible-client.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';

const RUNS = 60;

const POLL = {interval: 1, timeout: 10_000};

type Step =
	| {readonly type: 'audio'; readonly samples: Float32Array}
	| {readonly type: 'half frame'; readonly bytes: number}
	| {readonly type: 'end of file'}
	/** `leave`: with a close frame; `lose`: the connection is gone; `replace`: another socket comes while this one is there. */
	| {readonly type: 'cut'; readonly how: 'leave' | 'lose' | 'replace'};

/** Audio of 2 to 25 s in pieces of any size, with ends of files, bad frames and cuts anywhere in between. */
function planSteps(seed: number): Step[] {
	const random = createRandom(seed);
	const pick = (most: number): number => Math.floor(random() * most);
	const samples = scriptedAudio(2 + pick(24), seed);
	const steps: Step[] = [];
	const largest = [200, 5000, 40_000][pick(3)]!;
	for (let start = 0; start < samples.length;) {
		const end = Math.min(samples.length, start + 1 + pick(largest));
		steps.push({type: 'audio', samples: samples.subarray(start, end)});
		start = end;
		const chance = random() * (30_000 / largest);
		if (chance < 0.02) steps.push({type: 'end of file'});
		if (chance < 0.1) steps.push({type: 'cut', how: (['leave', 'lose', 'replace'] as const)[pick(3)]!});
		else if (chance < 0.15) steps.push({type: 'half frame', bytes: 4 * pick(1000) + 1 + pick(3)});
	}
	steps.push({type: 'end of file'});
	return steps;
}

/** Whoever speaks over sockets that come and go. */
class Speaker {
	/** The text at each end of file. */
	readonly texts: string[] = [];
	#page: PageSocket;
	readonly #connect: () => PageSocket;
	readonly #allTaken: (samples: number) => Promise<void>;
	#samples = 0;
	#badFrames = 0;
	#errors = 0;
	#isCompletionDue = false;

	private constructor(connect: () => PageSocket, allTaken: (samples: number) => Promise<void>) {
		this.#connect = connect;
		this.#allTaken = allTaken;
		this.#page = connect();
	}

	static async run({url, parts}: TestServer, steps: readonly Step[]): Promise<Speaker> {
		const id = await init(url);
		const speaker = new Speaker(
			() => new PageSocket(url, id),
			samples => expect.poll(() => Math.round(parts.sessions.find(id)!.audioMs * 16), POLL).toBe(samples),
		);
		await speaker.#page.open();
		for (const step of steps) await speaker.#do(step);
		await speaker.#completed();
		expect(speaker.#errors + speaker.#countErrors()).toBe(speaker.#badFrames);
		await speaker.#page.leave();
		return speaker;
	}

	async #do(step: Step): Promise<void> {
		switch (step.type) {
			case 'audio':
				await this.#completed();
				this.#samples += step.samples.length;
				await this.#page.sendSamples(step.samples);
				return;
			case 'half frame':
				this.#badFrames++;
				this.#page.send(new Uint8Array(step.bytes));
				return;
			case 'end of file':
				await this.#completed();
				this.#page.send('EOF');
				this.#isCompletionDue = true;
				return;
			case 'cut':
				await this.#cut(step.how);
		}
	}

	async #cut(how: 'leave' | 'lose' | 'replace'): Promise<void> {
		const before = this.#page;
		await expect.poll(() => this.#countErrors() + this.#errors, POLL).toBe(this.#badFrames);
		if (how === 'lose') {
			// What has not arrived is lost with a connection, whatever either end does.
			await this.#completed();
			await this.#allTaken(this.#samples);
			before.socket.terminate();
			await before.closed.promise;
		} else if (how === 'leave') {
			await before.leave();
		} else {
			await this.#allTaken(this.#samples);
		}
		const after = await this.#connect().open();
		if (how === 'replace') expect((await before.closed.promise).code).toBe(4001);
		this.#errors += this.#countErrors();
		if (this.#isCompletionDue && this.#isComplete) this.#noteCompletion();
		this.#page = after;
	}

	/** Waits for the completion of the last end of file. */
	async #completed(): Promise<void> {
		if (!this.#isCompletionDue) return;
		await this.#page.waitFor('PROCESSING_COMPLETE:');
		this.#noteCompletion();
	}

	#noteCompletion(): void {
		this.texts.push(this.#page.text);
		this.#isCompletionDue = false;
		// The next one is another.
		const {frames} = this.#page;
		frames.splice(
			frames.findIndex(frame => frame.startsWith('PROCESSING_COMPLETE:')),
			1,
		);
	}

	get #isComplete(): boolean {
		return this.#page.frames.some(frame => frame.startsWith('PROCESSING_COMPLETE:'));
	}

	#countErrors(): number {
		return this.#page.frames.filter(frame => frame.startsWith('ERROR:')).length;
	}
}

it.each(Array.from({length: RUNS}, (_, index) => index + 1))(
	'sockets that come and go say what one undisturbed socket says (seed %i)',
	async seed => {
		const server = await openTestServer({settings: {limits: {requestsPerSecond: 0}}});
		const steps = planSteps(seed);
		const calm = await Speaker.run(
			server,
			steps.filter(({type}) => type === 'audio' || type === 'end of file'),
		);
		const disturbed = await Speaker.run(server, steps);
		expect(disturbed.texts).toEqual(calm.texts);
		expect(calm.texts.join('').length).toBeGreaterThan(10);
	},
	20_000,
);
