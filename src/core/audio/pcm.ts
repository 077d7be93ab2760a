/** How one sample is written. A-law and mu-law after ITU-T G.711. */
export type PcmEncoding =
	| 'u8'
	| 's8'
	| 's16le'
	| 's16be'
	| 's24le'
	| 's24be'
	| 's32le'
	| 's32be'
	| 'f32le'
	| 'f32be'
	| 'f64le'
	| 'f64be'
	| 'alaw'
	| 'mulaw';

interface PcmFormat {
	readonly bytesPerSample: number;
	readonly name: string;
	readonly read: (view: DataView, offset: number) => number;
}

const FORMATS: Readonly<Record<PcmEncoding, PcmFormat>> = {
	u8: {bytesPerSample: 1, name: '8-bit PCM', read: (view, offset) => (view.getUint8(offset) - 128) / 128},
	s8: {bytesPerSample: 1, name: '8-bit PCM', read: (view, offset) => view.getInt8(offset) / 128},
	s16le: {
		bytesPerSample: 2,
		name: '16-bit PCM',
		read: (view, offset) => view.getInt16(offset, true) / 0x8000,
	},
	s16be: {
		bytesPerSample: 2,
		name: '16-bit PCM',
		read: (view, offset) => view.getInt16(offset, false) / 0x8000,
	},
	s24le: {
		bytesPerSample: 3,
		name: '24-bit PCM',
		read: (view, offset) => (view.getInt16(offset + 1, true) * 256 + view.getUint8(offset)) / 0x80_0000,
	},
	s24be: {
		bytesPerSample: 3,
		name: '24-bit PCM',
		read: (view, offset) => (view.getInt16(offset, false) * 256 + view.getUint8(offset + 2)) / 0x80_0000,
	},
	s32le: {
		bytesPerSample: 4,
		name: '32-bit PCM',
		read: (view, offset) => view.getInt32(offset, true) / 0x8000_0000,
	},
	s32be: {
		bytesPerSample: 4,
		name: '32-bit PCM',
		read: (view, offset) => view.getInt32(offset, false) / 0x8000_0000,
	},
	f32le: {bytesPerSample: 4, name: '32-bit float', read: (view, offset) => view.getFloat32(offset, true)},
	f32be: {bytesPerSample: 4, name: '32-bit float', read: (view, offset) => view.getFloat32(offset, false)},
	f64le: {bytesPerSample: 8, name: '64-bit float', read: (view, offset) => view.getFloat64(offset, true)},
	f64be: {bytesPerSample: 8, name: '64-bit float', read: (view, offset) => view.getFloat64(offset, false)},
	alaw: {bytesPerSample: 1, name: 'A-law', read: (view, offset) => A_LAW[view.getUint8(offset)]!},
	mulaw: {bytesPerSample: 1, name: 'mu-law', read: (view, offset) => MU_LAW[view.getUint8(offset)]!},
};

export function bytesPerSample(encoding: PcmEncoding): number {
	return FORMATS[encoding].bytesPerSample;
}

/** For people: "16-bit PCM". */
export function nameOfEncoding(encoding: PcmEncoding): string {
	return FORMATS[encoding].name;
}

/**
 * Separates interleaved samples into channels of float32. Integers map to [-1, 1); floats stay as they
 * are. Bytes after the last whole frame are left out.
 */
export function decodePcm(bytes: Uint8Array, encoding: PcmEncoding, channels: number): Float32Array[] {
	const {bytesPerSample: width, read} = FORMATS[encoding];
	const frames = Math.floor(bytes.length / (width * channels));
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	return Array.from({length: channels}, (_, channel) => {
		const samples = new Float32Array(frames);
		const stride = width * channels;
		// Most recordings: a call for every sample would cost more than the resampler.
		if (encoding === 's16le') {
			for (let frame = 0, offset = channel * width; frame < frames; frame++, offset += stride) {
				samples[frame] = view.getInt16(offset, true) / 0x8000;
			}
		} else {
			for (let frame = 0, offset = channel * width; frame < frames; frame++, offset += stride) {
				samples[frame] = read(view, offset);
			}
		}
		return samples;
	});
}

/** Decoding tables of ITU-T G.711 (1988), scaled to 16 bits and then to -1..1. */
const A_LAW = Float32Array.from({length: 256}, (_, code) => {
	const bits = code ^ 0x55;
	const segment = (bits >> 4) & 7;
	const step = (bits & 0x0f) * 16 + 8;
	const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
	return (bits & 0x80 ? magnitude : -magnitude) / 0x8000;
});

const MU_LAW = Float32Array.from({length: 256}, (_, code) => {
	const bits = ~code & 0xff;
	const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
	return (bits & 0x80 ? -magnitude : magnitude) / 0x8000;
});
