import { analyse } from '../../src/analysis/index.ts'
import { scopeOf } from '../../src/cache/base-cache.ts'
import type { MemoryCache } from '../../src/memory/memory-cache.ts'

/** A way to observe a cache, and the most that it may cost. */
export interface Case {
  /** The most that an observed hit may take, in hits. Absent if it is printed for information. */
  readonly limit?: number
  observe(cache: MemoryCache): unknown
}

/** The cases by name. */
export const CASES: Readonly<Record<string, Case>> = {
  'an observer that does nothing': {
    observe: (cache) => scopeOf(cache)!.runtime.observe({ read: () => undefined }),
  },
  'with histograms, sketches and the curve': { limit: 1.15, observe: (cache) => analyse(cache) },
}
