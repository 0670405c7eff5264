import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { createAuditor, type Auditor } from '../../src/audit/index.ts'
import { analyse } from '../../src/analysis/index.ts'
import { scopeOf } from '../../src/cache/base-cache.ts'
import type { MemoryCache } from '../../src/memory/memory-cache.ts'
import { instrument } from '../../src/otel/index.ts'
import type { Cut } from './without.ts'

/** A way to observe a cache, and the most that it may cost. */
export interface Case {
  /** The most that an observed hit may take, in hits of the other cache. Absent if it is printed for information. */
  readonly limit?: number
  /** The call that is measured; default: `get`. */
  readonly call?: 'get' | 'getOrSet'
  /** The other cache is one without these parts of the code; default: one that nobody observes. */
  readonly without?: readonly Cut[]
  /** Begins to observe. An auditor is asked for its loads at the end. */
  observe?(cache: MemoryCache): Auditor | void
}

/** The most loads a second of an auditor. */
export const LOADS_A_SECOND = 0.2

/** The cases by name. */
export const CASES: Readonly<Record<string, Case>> = {
  'the hook and the counters, nobody listens': {
    limit: 1.03,
    without: [
      {
        file: 'src/loading/reader.ts',
        text: / {4}else \{\n {6}family\.counters\.hits\+\+\n {6}const state[\s\S]*?\n {4}\}\n/,
        instead: '',
      },
    ],
  },
  'an observer that does nothing': {
    observe: (cache) => void scopeOf(cache)!.runtime.observe({ read: () => undefined }),
  },
  // Nothing more than for a hit that nobody observes, and the noise of the machine.
  'with OpenTelemetry metrics': {
    limit: 1.03,
    observe: (cache) => void instrument(cache, { meter: new MeterProvider().getMeter('cachette') }),
  },
  'a listener of reads, which gets events': { observe: (cache) => void cache.on('read', () => undefined) },
  'with histograms, sketches and the curve': { limit: 1.15, observe: (cache) => void analyse(cache) },
  'getOrSet, the auditor off': {
    limit: 1.02,
    call: 'getOrSet',
    without: [
      {
        file: 'src/loading/load-pipeline.ts',
        text: / {4}if \(this\.audit\?\.takes\(\) === true\) .*\n/,
        instead: '',
      },
    ],
  },
  // A process that does nothing but hits has the least other work. Of all others it is a smaller share.
  'getOrSet, the auditor on': {
    limit: 1.01,
    call: 'getOrSet',
    observe: (cache) => createAuditor(cache),
  },
}
