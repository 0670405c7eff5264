import type { Duration } from '../../src/options/durations.ts'

/** A way to change what the cache holds. */
export type Change = 'delete' | 'take' | 'many' | 'prefix' | 'set' | 'setMany' | 'expire' | 'tag' | 'clear'

/** Restricts the calls of the clients, which are a bit of everything by default. */
export interface Traffic {
  /** The keys that are read and changed. Keys with the same first character share a prefix. */
  readonly keys?: readonly string[]
  /** Whether every second key bears tags, in a namespace; `true` unless given. */
  readonly tagged?: boolean
  /** The kinds of changes. A kind that is named twice happens twice as often. */
  readonly changes?: readonly Change[]
  /** The longest pause between two calls of one reader, in milliseconds. */
  readonly readPauseMs?: number
  /** The longest pause between two calls of one writer, in milliseconds. */
  readonly changePauseMs?: number
  /** Probability that a load takes up to 600 ms instead of 20. */
  readonly slowLoads?: number
  /** Probability that a load takes 2.6 seconds, longer than a lease may be held. */
  readonly hangingLoads?: number
  /** The ttls of stored values. */
  readonly ttls?: readonly Duration[]
}
