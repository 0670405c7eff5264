import type { Clock, Random, Timers } from '../core/time/clock.ts'
import type { Bus, RemoteStore } from '../core/remote-store.ts'
import type { Store } from '../core/store.ts'
import type { ValueForm } from './local-tier.ts'

/** What a node may do when it can't reach the server. */
export type Policy = 'available' | 'strict'

/** Settings of coherence, complete, in milliseconds. */
export interface CoherenceSettings {
  /** `'available'`: the local tier serves up to `maxStaleMs` after the last sync; `'strict'`: up to `maxLagMs`. */
  readonly policy: Policy
  readonly maxLagMs: number
  readonly maxStaleMs: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  /** How long one load may hold its lease. */
  readonly longestLeaseMs: number
  /** Keys, and tags, that are listed until they are acknowledged. */
  readonly outboxLimit: number
  /** Bits of the filter for those beyond that: a power of two, at least 32. */
  readonly suspectBits: number
  /** How long, and how many in a partition, applied invalidations are kept for a replay: at most half a log's length. */
  readonly journalMs: number
  readonly journalLimit: number
  /** How long a node that only reads leaves sequences and logs to their 24 h before it renews them; default an hour. */
  readonly renewalMs?: number | undefined
  /** Tags whose generations a node remembers; it reads again what it has forgotten. */
  readonly generationLimit: number
}

/** What a coherent store works with. */
export interface CoherenceParts {
  readonly remote: RemoteStore
  /** The tier of this process; without one, nothing is kept, and only changes of tags are followed. */
  readonly local: Store | undefined
  /** For how long at most it keeps an entry; default `Infinity`. */
  readonly localTtlMs?: number | undefined
  /** How that tier keeps values; default: as its store does. */
  readonly values?: ValueForm | undefined
  readonly bus: Bus | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Unique among all processes that share the remote store. */
  readonly node: string
  /** The longest wait for an earlier call of a key, if the remote store does not tell its deadline; default 500 ms. */
  readonly deadlineMs?: number | undefined
  /** Hears of invalidations that are given up: the server refuses them, or there is no room for them. */
  readonly onDropped?: ((error: unknown) => void) | undefined
  /** Whether every key there is belongs to the cache, so that it may remove all; default: yes. */
  readonly ownsAll?: boolean | undefined
}
