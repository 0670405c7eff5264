/**
 * The options that the load of a host has in place of those of the cache. The host asked for an answer of its own source,
 * so no limit of the cache may refuse it.
 */
export const NEVER_FAILS = { hardTimeout: false, loadErrorTtl: false } as const
