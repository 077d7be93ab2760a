import type {AudioInput, AudioSource, RawFormat} from '../../../../core/audio/audio-source.js';
import {InfinisstError} from '../../../../core/errors.js';
import type {CommandContext} from '../../../command-context.js';
import {findRecordings} from '../find-recordings.js';
import type {LiveSource} from './live-options.js';

/** What a live session hears. */
export interface LiveInput {
	/** As the user would name it. */
	readonly name: string;
	/** For sentences. */
	readonly title: string;
	/** Absolute; undefined unless it is a file. */
	readonly path: string | undefined;
	/** What its outputs are called where nothing else says. */
	readonly outputName: string;
	/** Begins to listen. The samples must be read to their end or cancelled. */
	open(options: OpenLiveInputOptions): Promise<AudioSource>;
}

export interface OpenLiveInputOptions {
	readonly raw: RawFormat | undefined;
	readonly onWarning: (message: string) => void;
	/** Gives up the opening. */
	readonly signal: AbortSignal;
}

export type LiveInputContext = Pick<
	CommandContext,
	'stdin' | 'cwd' | 'env' | 'platform' | 'clock' | 'openAudio'
>;

/**
 * Finds out what shall be heard, before anything else is done.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE`, `OPTION_INVALID`, `CAPTURE_FAILED`.
 */
export async function findLiveInput(
	source: LiveSource,
	inputs: readonly string[],
	context: LiveInputContext,
	signal: AbortSignal,
): Promise<LiveInput> {
	switch (source.kind) {
		case 'microphone':
			return findMicrophoneInput(source.device, context, signal);
		case 'stdin':
			return findStdin(context);
		case 'file':
			return findFile(source.speed, inputs[0]!, context);
	}
}

async function findMicrophoneInput(
	wanted: string | undefined,
	{env, platform}: LiveInputContext,
	signal: AbortSignal,
): Promise<LiveInput> {
	const {findMicrophone, nameOfMicrophone} =
		await import('../../../../core/audio/capture/find-microphone.js');
	const host = {platform, environment: env};
	const microphone = await findMicrophone(wanted, {...host, signal});
	const name = nameOfMicrophone(microphone);
	return {
		name,
		title: name,
		path: undefined,
		outputName: 'microphone',
		async open() {
			const {openMicrophone} = await import('../../../../core/audio/capture/open-microphone.js');
			return openMicrophone(microphone, host);
		},
	};
}

function findStdin(context: LiveInputContext): LiveInput {
	if (context.stdin.isTTY === true) {
		throw new InfinisstError('INPUT_UNREADABLE', 'The standard input is a terminal, not a recording', {
			hint: 'Send one: infinisst translate - < talk.wav; or hear the microphone with --mic.',
		});
	}

	const input = {kind: 'stream', stream: context.stdin, name: '-'} as const;
	return {
		name: '-',
		title: 'the standard input',
		path: undefined,
		outputName: 'stdin',
		open: options => openAudio(input, options, context),
	};
}

async function findFile(speed: number, name: string, context: LiveInputContext): Promise<LiveInput> {
	const {recordings, isCollection} = await findRecordings([name], context.cwd);
	const [recording] = recordings;
	if (recording?.fault !== undefined) throw recording.fault;
	if (recording?.path === undefined || isCollection) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--live hears one recording at a time, and "${name}" may be many`,
			{
				hint: 'Name one file, or leave --live out.',
			},
		);
	}

	const {path, outputName} = recording;
	return {
		name,
		title: name,
		path,
		outputName,
		async open(options) {
			const source = await openAudio({kind: 'file', path}, options, context);
			const {paceAudio} = await import('../../../../core/audio/pace.js');
			return {...source, samples: paceAudio(source.samples, {clock: context.clock, speed})};
		},
	};
}

/** Opens a recording that is stopped by its reader alone once it is open. */
async function openAudio(
	input: AudioInput,
	{raw, onWarning, signal}: OpenLiveInputOptions,
	context: Pick<CommandContext, 'openAudio'>,
): Promise<AudioSource> {
	const opening = new AbortController();
	const giveUp = (): void => opening.abort(signal.reason);
	if (signal.aborted) giveUp();
	signal.addEventListener('abort', giveUp, {once: true});
	try {
		return await context.openAudio(input, {
			...(raw !== undefined && {raw}),
			onWarning,
			signal: opening.signal,
		});
	} finally {
		signal.removeEventListener('abort', giveUp);
	}
}
