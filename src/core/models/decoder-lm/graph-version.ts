/** Version of the graphs that `buildDecoderLmGraphs` makes, as that of Whisper's. */
export const GRAPH_VERSION = 3;
