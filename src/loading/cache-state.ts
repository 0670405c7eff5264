import type { AgeClock } from '../core/time/age-clock.ts'
import type { Random, Timers } from '../core/time/clock.ts'
import type { Doubts } from '../core/logging/doubts.ts'
import type { CacheEvents } from '../core/observing/events.ts'
import type { Observer } from '../core/observing/observer.ts'
import type { Store } from '../core/store.ts'
import type { Trouble } from '../core/logging/trouble.ts'
import type { ShortLived } from './ttl-of.ts'

/** The state of a cache that each of its loads uses. */
export interface CacheState {
  readonly store: Store
  readonly trouble: Trouble
  readonly doubts: Doubts
  readonly clock: AgeClock
  readonly timers: Timers
  readonly random: Random
  readonly shortLived: ShortLived
  /** Everything that listens to reads; `undefined` = nothing does, unless the channel has a subscriber. */
  readonly readObserver: Observer | undefined
  /** Returns everything that listens, also to the channel of that name; `undefined` = nothing does. */
  observing(name: keyof CacheEvents): Observer | undefined
}
