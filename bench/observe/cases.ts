import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { analyse } from '../../src/analysis/index.ts'
import { scopeOf } from '../../src/cache/base-cache.ts'
import type { MemoryCache } from '../../src/memory/memory-cache.ts'
import { instrument } from '../../src/otel/index.ts'

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
  // Nothing more than for a hit that nobody observes, and the noise of the machine.
  'with OpenTelemetry metrics': {
    limit: 1.03,
    observe: (cache) => instrument(cache, { meter: new MeterProvider().getMeter('cachette') }),
  },
  'a listener of reads, which gets events': { observe: (cache) => cache.on('read', () => undefined) },
  'with histograms, sketches and the curve': { limit: 1.15, observe: (cache) => analyse(cache) },
}
