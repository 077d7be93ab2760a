/**
 * Version of the graphs that `buildSeq2seqGraphs` makes; part of their folder's name in the model store.
 * Raise it when built graphs change, so that graphs of an older version are built again.
 */
export const GRAPH_VERSION = 1;
