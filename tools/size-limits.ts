/**
 * The bounds of the bytes that a bundler of a user gets, minified and compressed. They are a ratchet: the measured sizes,
 * with little room (docs/decisions/0117-what-mended-faults-weigh.md).
 */
export const SIZE_LIMITS = { memoryEntry: 43_700, boundedMap: 10_150 } as const
