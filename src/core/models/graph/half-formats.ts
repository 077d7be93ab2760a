import type {Precision} from '../precision.js';
import type {WeightFormat} from './linear.js';

/**
 * How the weights of an encoder and its decoder are stored: only the encoder, which runs one session at a time, may tie
 * rows together.
 */
export const HALF_FORMATS: Readonly<
	Record<Precision, {readonly encoder: WeightFormat; readonly decoder: WeightFormat}>
> = {
	fp32: {encoder: 'float32', decoder: 'float32'},
	fp16w: {encoder: 'float16', decoder: 'float16'},
	int8: {encoder: 'int8', decoder: 'blocks8'},
	q8: {encoder: 'blocks8', decoder: 'blocks8'},
	q4: {encoder: 'blocks8', decoder: 'blocks8'},
};
