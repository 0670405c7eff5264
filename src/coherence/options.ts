import type { Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { checkReadable } from '../options/checks.ts'
import { checkChoice, checkOptions, type CacheOptions } from '../options/options.ts'
import { spanMs, wholeNumber } from '../options/spans.ts'
import type { CoherenceSettings, Policy } from './settings.ts'

/** The bound on the age of what this process serves from its memory. */
export interface StalenessOptions {
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
}

/** The invalidations that are remembered for a server that fails. */
export interface OutageOptions {
  /** The most keys and the most tags whose invalidation waits for the server to come back; default 10,000. */
  readonly outbox?: number | undefined
  /** The time for which invalidations are remembered, to be repeated if a failover loses them; default 60 s. */
  readonly journal?: Duration | undefined
}

/** The options of a cache for data that several processes share; all of them optional. */
export interface CoherenceOptions {
  /** The bound on the age of the data that this process serves from its memory. */
  readonly staleness?: StalenessOptions | undefined
  /** The invalidations that this process remembers for a server that fails. */
  readonly outage?: OutageOptions | undefined
  /** The time for which a process that dies in a load keeps others from loading; default 5 s. Loads renew it. */
  readonly lease?: Duration | undefined
}

/** The names of {@link CoherenceOptions}. */
export const COHERENCE_OPTIONS: readonly (keyof CoherenceOptions)[] = ['staleness', 'outage', 'lease']

const STALENESS: readonly (keyof StalenessOptions)[] = ['policy', 'maxLag', 'maxStale', 'heartbeat']
const OUTAGE: readonly (keyof OutageOptions)[] = ['outbox', 'journal']

const LONGEST_LEASE_MS = 60_000
const GENERATIONS = 10_000
// Half a megabyte, made at its first use: room for about 100,000 keys or tags.
const SUSPECT_BITS = 2 ** 22

/** The number of entries in a partition's log, unless the server is told otherwise. */
const LOG_LENGTH = 10_000

/** Returns the settings that the options ask for. @throws OptionsError that names the value and the accepted forms. */
export function coherenceSettings(
  options: CoherenceOptions & Pick<CacheOptions, 'logger'>,
  logLength: number = LOG_LENGTH,
): CoherenceSettings {
  const { staleness = {}, outage = {}, logger } = options
  checkReadable(staleness, 'staleness')
  checkOptions(staleness, STALENESS, 'staleness')
  checkReadable(outage, 'outage')
  checkOptions(outage, OUTAGE, 'outage')
  const { policy = 'available', heartbeat = 1, maxLag = 3 } = staleness
  checkChoice(policy, ['available', 'strict'], 'staleness: policy')
  const heartbeatMs = spanMs(heartbeat, 'staleness: heartbeat', logger)
  const maxLagMs = spanMs(maxLag, 'staleness: maxLag', logger)
  const maxStaleMs = spanMs(
    staleness.maxStale ?? Math.max(60, maxLagMs / 1_000),
    'staleness: maxStale',
    logger,
  )
  if (maxLagMs <= heartbeatMs)
    throw new OptionsError(
      `staleness: maxLag: ${maxLagMs} ms is not longer than heartbeat, ${heartbeatMs} ms: nothing would ever be known to be fresh`,
    )
  if (maxStaleMs < maxLagMs)
    throw new OptionsError(`staleness: maxStale: ${maxStaleMs} ms is shorter than maxLag, ${maxLagMs} ms`)
  return {
    policy,
    heartbeatMs,
    maxLagMs,
    maxStaleMs,
    leaseMs: spanMs(options.lease ?? 5, 'lease', logger),
    longestLeaseMs: LONGEST_LEASE_MS,
    outboxLimit: wholeNumber(outage.outbox ?? 10_000, 'outage: outbox'),
    suspectBits: SUSPECT_BITS,
    journalMs: spanMs(outage.journal ?? 60, 'outage: journal', logger),
    // A log must be able to tell which entries of a journal it has.
    journalLimit: Math.max(1, Math.floor(logLength / 2)),
    generationLimit: GENERATIONS,
  }
}
