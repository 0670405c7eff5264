import type { Clock, Random, Timers } from '../core/time/clock.ts'
import type { Bus } from '../core/remote/log.ts'
import type { RemoteStore } from '../core/remote/remote-store.ts'
import type { LocalMemory } from './local-tier.ts'

/** The rule for a node that can't reach the server. */
export type Policy = 'available' | 'strict'

/** Settings of coherence, complete, in milliseconds. */
export interface CoherenceSettings {
  /** `'available'`: the local tier serves up to `maxStaleMs` after the last sync; `'strict'`: up to `maxLagMs`. */
  readonly policy: Policy
  readonly maxLagMs: number
  readonly maxStaleMs: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  /** The longest time for which one load may hold its lease. */
  readonly longestLeaseMs: number
  /** The most keys, and the most tags, that are listed until they are acknowledged. */
  readonly outboxLimit: number
  /** The bits of the filter for those beyond that: a power of two, at least 32. */
  readonly suspectBits: number
  /**
   * The time and the number for which applied invalidations of a partition are kept for a replay. The number is at most
   * half a log's length.
   */
  readonly journalMs: number
  readonly journalLimit: number
  /** The time after which a node that only reads renews sequences and logs, which live for 24 h; default an hour. */
  readonly renewalMs?: number | undefined
  /** The number of tags whose generations a node remembers. Forgotten ones are read again. */
  readonly generationLimit: number
}

/** The parts that a coherent store uses. */
export interface CoherenceParts {
  readonly remote: RemoteStore
  /** The memory of this process, of its own. Without it, nothing is kept, and only changes of tags are followed. */
  readonly local: LocalMemory | undefined
  readonly bus: Bus | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Unique among all processes that share the remote store. */
  readonly node: string
  /** The longest wait for an earlier call of a key, if the remote store does not tell its deadline; default 500 ms. */
  readonly deadlineMs?: number | undefined
  /** Called with a promise of the next repetition when something was queued. */
  readonly owing?: ((work: Promise<unknown>) => void) | undefined
  /** Called for invalidations that are given up, because the server refuses them or there is no room for them. */
  readonly onDropped?: ((error: unknown) => void) | undefined
  /** Called with the number of invalidations that still wait for the server when the store is closed. */
  readonly onLeft?: ((count: number) => void) | undefined
  /** Whether every key of the server belongs to the cache, so that it may remove all; default: yes. */
  readonly ownsAll?: boolean | undefined
}
