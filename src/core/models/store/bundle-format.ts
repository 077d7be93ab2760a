/**
 * A bundle is a tar file: first the manifest of the model under this name, then its weights below
 * `source/` in the manifest's order. It can be looked into and unpacked with tar itself.
 */
export const BUNDLE_MANIFEST_NAME = 'infinisst-model.json';

export const BUNDLE_SOURCE_PREFIX = 'source/';

/** A manifest lists a few dozen files at most; more is none of ours. */
export const MAX_BUNDLE_MANIFEST_BYTES = 4 << 20;
