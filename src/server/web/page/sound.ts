/** What the model hears. */
const SAMPLE_RATE_HZ = 16_000;
/** Written together: 0.5 s. */
const PIECE_SAMPLES = 8000;

/** Mono float32 at 16 kHz. Resolves when there is room for more. */
export type WriteSamples = (samples: Float32Array) => Promise<void>;

/** Sound that comes until it ends or is stopped. */
export interface Sound {
	/** Resolves when there is no more, also after `stop()`. */
	readonly ended: Promise<void>;
	stop(): void;
}

/** @throws {DOMException} when there is no microphone, or the page may not hear it. */
export async function openMicrophone(write: WriteSamples): Promise<Sound> {
	// A page that did not come by HTTPS or from this machine has none.
	const devices = navigator.mediaDevices as MediaDevices | undefined;
	if (devices === undefined) throw new DOMException('This page may not use a microphone', 'SecurityError');
	const stream = await devices.getUserMedia({
		audio: {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true},
	});
	const context = new AudioContext();
	try {
		await context.audioWorklet.addModule('static/capture-worklet.js');
	} catch (error) {
		for (const track of stream.getTracks()) track.stop();
		await context.close();
		throw error;
	}
	const capture = new AudioWorkletNode(context, 'capture', {numberOfOutputs: 0});
	let failed: (reason: unknown) => void;
	let stop!: () => void;
	const ended = new Promise<void>((resolve, reject) => {
		failed = reject;
		stop = () => {
			capture.port.onmessage = null;
			for (const track of stream.getTracks()) track.stop();
			// Stopped by hand and by the session's end.
			if (context.state !== 'closed') void context.close();
			resolve();
		};
	});
	capture.port.onmessage = ({data}: MessageEvent<Float32Array>) => {
		write(data).catch((error: unknown) => {
			failed(error);
			stop();
		});
	};
	// The microphone was unplugged, or taken from the page.
	for (const track of stream.getTracks()) track.addEventListener('ended', () => stop());
	context.createMediaStreamSource(stream).connect(capture);
	return {ended, stop};
}

/** @throws {DOMException} when the browser cannot decode it. */
export async function openRecording(file: File, write: WriteSamples): Promise<Sound> {
	// Decoding brings it to the rate of its context.
	const context = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
	const audio = await context.decodeAudioData(await file.arrayBuffer());
	const channels = Array.from({length: audio.numberOfChannels}, (_, index) => audio.getChannelData(index));
	const stopped = new AbortController();
	return {
		ended: (async () => {
			for (let start = 0; start < audio.length; start += PIECE_SAMPLES) {
				if (stopped.signal.aborted) return;
				const length = Math.min(PIECE_SAMPLES, audio.length - start);
				await write(
					Float32Array.from(
						{length},
						(_, index) =>
							channels.reduce((sum, channel) => sum + channel[start + index]!, 0) / channels.length,
					),
				);
			}
		})(),
		stop: () => stopped.abort(),
	};
}
