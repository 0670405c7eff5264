import { difference, type CacheStats } from '../../core/counters.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkOptions } from '../../options/options.ts'
import type { Scope } from '../scope.ts'

/** Returns the figures of a scope, of all its time or of the time after an earlier answer. @throws OptionsError */
export function statsOf(scope: Scope, options: { readonly since?: CacheStats | undefined }): CacheStats {
  checkOptions(options, ['since'], 'stats')
  const { since } = options
  const now = scope.runtime.stats(scope.family)
  if (since === undefined) return now
  if (typeof since === 'object' && since !== null && 'hits' in since) return difference(now, since)
  throw new OptionsError(`stats: since: ${inspect(since)} is no earlier answer of stats()`)
}
