import { difference, type CacheStats } from '../../core/counters.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkOptions } from '../../options/options.ts'
import type { Scope } from '../scope.ts'

/** Options of `stats`. */
export interface StatsOptions {
  /** An earlier answer. The figures are those of the time after it. */
  readonly since?: CacheStats | undefined
  /** Whether the figures of each namespace and wrapped function are told, too; default: as in `since`. */
  readonly families?: boolean | undefined
}

/** Returns the figures of a scope, of all its time or of the time after an earlier answer. @throws OptionsError */
export function statsOf(scope: Scope, options: StatsOptions): CacheStats {
  checkOptions(options, ['since', 'families'], 'stats')
  const { since, families = since?.families !== undefined } = options
  const now = scope.runtime.stats(scope.family, families)
  if (since === undefined) return now
  if (typeof since !== 'object' || since === null || !('hits' in since))
    throw new OptionsError(`stats: since: ${inspect(since)} is no earlier answer of stats()`)
  if (families && since.families === undefined)
    throw new OptionsError('stats: since: it has no families; ask for both answers with families: true')
  return difference(now, since)
}
