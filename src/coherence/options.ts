import type { Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { checkChoice } from '../options/options.ts'
import { spanMs, wholeNumber } from '../options/spans.ts'
import type { CoherenceSettings, Policy } from './settings.ts'

/** The options of a cache for data that several processes share; all of them optional. */
export interface CoherenceOptions {
  /**
   * The rule for this process's memory, and for its knowledge of tags, if the server can't be reached. `'available'`
   * (default) serves it up to `maxStale` after the last sync, `'strict'` only up to `maxLag` after it.
   */
  readonly policy?: Policy | undefined
  /** The longest time without news of others' changes under `'strict'`; default 3 s. Longer than `heartbeat`. */
  readonly maxLag?: Duration | undefined
  /** The same under `'available'`; default 60 s. At least `maxLag`. */
  readonly maxStale?: Duration | undefined
  /** The interval at which it asks for missed changes, and repeats unacknowledged ones; default 1 s. */
  readonly heartbeat?: Duration | undefined
  /** The time for which a process that dies in a load keeps others from loading; default 5 s. Loads renew it. */
  readonly lease?: Duration | undefined
  /** The most keys and the most tags whose invalidation waits for the server to come back; default 10,000. */
  readonly outbox?: number | undefined
  /** The time for which invalidations are remembered, to be repeated if a failover loses them; default 60 s. */
  readonly journal?: Duration | undefined
}

/** The names of {@link CoherenceOptions}. */
export const COHERENCE_OPTIONS: readonly (keyof CoherenceOptions)[] = [
  'policy',
  'maxLag',
  'maxStale',
  'heartbeat',
  'lease',
  'outbox',
  'journal',
]

const LONGEST_LEASE_MS = 60_000
const GENERATIONS = 10_000
// Half a megabyte, made at its first use: room for about 100,000 keys or tags.
const SUSPECT_BITS = 2 ** 22

/** The number of entries in a partition's log, unless the server is told otherwise. */
export const LOG_LENGTH = 10_000

/** Returns the settings that the options ask for. @throws OptionsError that names the value and the accepted forms. */
export function coherenceSettings(
  options: CoherenceOptions,
  logLength: number = LOG_LENGTH,
): CoherenceSettings {
  const { policy = 'available', outbox = 10_000 } = options
  checkChoice(policy, ['available', 'strict'], 'policy')
  const heartbeatMs = spanMs(options.heartbeat ?? 1, 'heartbeat')
  const maxLagMs = spanMs(options.maxLag ?? 3, 'maxLag')
  const maxStaleMs = spanMs(options.maxStale ?? Math.max(60, maxLagMs / 1_000), 'maxStale')
  if (maxLagMs <= heartbeatMs)
    throw new OptionsError(
      `maxLag: ${maxLagMs} ms is not longer than heartbeat, ${heartbeatMs} ms: nothing would ever be known to be fresh`,
    )
  if (maxStaleMs < maxLagMs)
    throw new OptionsError(`maxStale: ${maxStaleMs} ms is shorter than maxLag, ${maxLagMs} ms`)
  return {
    policy,
    heartbeatMs,
    maxLagMs,
    maxStaleMs,
    leaseMs: spanMs(options.lease ?? 5, 'lease'),
    longestLeaseMs: LONGEST_LEASE_MS,
    outboxLimit: wholeNumber(outbox, 'outbox'),
    suspectBits: SUSPECT_BITS,
    journalMs: spanMs(options.journal ?? 60, 'journal'),
    // A log must be able to tell which entries of a journal it has.
    journalLimit: Math.max(1, Math.floor(logLength / 2)),
    generationLimit: GENERATIONS,
  }
}
