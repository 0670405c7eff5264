import type { Duration } from '../../src/options/durations.ts'

/** A way to change what the cache holds. */
export type Change = 'delete' | 'take' | 'many' | 'prefix' | 'set' | 'setMany' | 'expire' | 'tag' | 'clear'

/** What clients do, where it shall not be a bit of everything. */
export interface Traffic {
  /** The keys that are read and changed; those with the same first character share a prefix. */
  readonly keys?: readonly string[]
  /** Whether every second key bears tags, in a namespace; `true` unless given. */
  readonly tagged?: boolean
  /** How keys are changed; what is named twice happens twice as often. */
  readonly changes?: readonly Change[]
  /** The longest pause between two calls of one reader, in milliseconds. */
  readonly readPauseMs?: number
  /** The longest pause between two calls of one writer, in milliseconds. */
  readonly changePauseMs?: number
  /** How likely a load takes up to 600 ms, and not 20. */
  readonly slowLoads?: number
  /** How likely it takes 2.6 seconds, longer than a lease may be held. */
  readonly hangingLoads?: number
  /** The ttl of what is stored. */
  readonly ttls?: readonly Duration[]
}
