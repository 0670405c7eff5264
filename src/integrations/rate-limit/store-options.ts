import type { BaseCache } from '../../cache/base-cache.ts'
import type { AtomicStore } from '../../core/atomic-store.ts'
import { OptionsError } from '../../core/errors.ts'
import { atomicOf, checkReadable } from '../../options/checks.ts'
import { checkChoice, checkOptions } from '../../options/options.ts'
import { checkName } from '../../ratelimit/options.ts'
import { checkCache } from '../shared/check-cache.ts'

/** Options of a store for a rate limiter of another package. */
export interface RateLimitStoreOptions {
  /**
   * The name that tells this limiter from others of the cache: letters, digits and `. _ -`. Limiters of the same name
   * and window count together, also across processes.
   */
  readonly name: string
  /**
   * The answer while the server is unavailable. `'memory'` (default): count in this process alone. `'allow'`, `'deny'`:
   * admit or refuse all.
   */
  readonly whenUnavailable?: 'allow' | 'deny' | 'memory' | undefined
}

/** Options after validation. */
export interface StoreSettings {
  readonly cache: BaseCache
  readonly store: AtomicStore
  readonly name: string
  readonly whenUnavailable: 'allow' | 'deny' | 'memory'
}

/** Validates the arguments of `rateLimitStore`. @throws OptionsError */
export function storeSettings(cache: BaseCache, options: RateLimitStoreOptions): StoreSettings {
  checkCache(cache, 'rateLimitStore: cache')
  const store = atomicOf(cache, 'rateLimitStore')
  if (store === undefined)
    throw new OptionsError('rateLimitStore: the engine of this cache keeps no limits (it has no `atomic`)')
  checkReadable(options, 'rateLimitStore')
  checkOptions(options, ['name', 'whenUnavailable'], 'rateLimitStore')
  const { name, whenUnavailable = 'memory' } = options
  checkChoice(whenUnavailable, ['allow', 'deny', 'memory'], 'rateLimitStore: whenUnavailable')
  return { cache, store, name: checkName(name, 'rateLimitStore: name'), whenUnavailable }
}
