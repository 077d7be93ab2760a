/**
 * How the weights of a graph are stored and multiplied.
 *
 * - `fp32`: float32 throughout, the reference.
 * - `fp16w`: weights stored as float16, computed in float32: the same results at half the disk.
 * - `int8`: 8-bit integers in the encoder, 8-bit blocks in the decoder, whose rows must not depend on
 *   their batch mates.
 * - `q8`: 8-bit blocks in encoder and decoder.
 * - `q4`: 4-bit blocks in the layers of language models, half the memory and more mistakes; elsewhere as `q8`.
 */
export const PRECISIONS = ['fp32', 'fp16w', 'int8', 'q8', 'q4'] as const;

export type Precision = (typeof PRECISIONS)[number];

/**
 * What a model is built and run with when nobody asks for another precision.
 */
export const DEFAULT_PRECISION: Precision = 'int8';
