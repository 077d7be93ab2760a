/** The sacrebleu release whose results these scores equal; the last field of every signature. */
export const SACREBLEU_VERSION = '2.6.0';
