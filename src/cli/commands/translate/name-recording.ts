import type {Recording} from './find-recordings.js';

/** A message with the recording called what the user calls it, instead of its full path. */
export function useGivenName(message: string, {name, path}: Recording): string {
	return path === undefined ? message : message.replaceAll(path, name);
}

/** A sentence for people that says which recording it is about. */
export function nameRecording(message: string, recording: Recording): string {
	const sentence = useGivenName(message, recording);
	return sentence.includes(`"${recording.name}"`) ? sentence : `${recording.name}: ${sentence}`;
}
