const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT;

/** Typed arrays have the order of the machine; all that Node runs on today are little-endian. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The float32 little-endian samples of a message, for keeps: as they lie in memory where nothing else is in it, as they do in
 * most messages longer than what comes at once; else a copy. Memory beside the heap is what makes the collector of
 * garbage stop the process, and all speakers with it (bench/server.ts).
 *
 * @param bytes - a whole number of samples; not to be used any more.
 */
export function readFloatSamples(bytes: Uint8Array): Float32Array {
	const count = bytes.length / BYTES_PER_SAMPLE;
	const {buffer} = bytes;
	if (IS_LITTLE_ENDIAN && buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) {
		return new Float32Array(buffer);
	}

	const samples = new Float32Array(count);
	if (IS_LITTLE_ENDIAN) {
		new Uint8Array(samples.buffer).set(bytes);
		return samples;
	}
	const view = new DataView(buffer, bytes.byteOffset, bytes.length);
	for (let index = 0; index < count; index++)
		samples[index] = view.getFloat32(index * BYTES_PER_SAMPLE, true);
	return samples;
}
