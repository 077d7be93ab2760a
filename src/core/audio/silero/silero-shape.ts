/** Frames the spectrum of one window is taken from. */
export const FRAMES_PER_WINDOW = 4;

export const SILERO_FRAME_SAMPLES = 256;

/** Size of each of the two states of the recurrent layer. */
export const STATE_SIZE = 128;
