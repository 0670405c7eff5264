import { ageClock } from '../core/time/age-clock.ts'
import type { Clock, Random } from '../core/time/clock.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkFunction, checkMethods, checkReadable, partOf } from '../options/checks.ts'
import type { Store } from '../core/store.ts'
import { systemRandom } from '../core/time/system.ts'
import { valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'
import { PrimitiveStore } from '../in-process/primitive-store.ts'
import type { Primitives } from '../in-process/primitives.ts'

/** Options of {@link storeFrom}. Pass on those of your cache. */
export interface StoreFromOptions extends IsolationOptions {
  /** Source of time, the same as that of the cache; default the system's. */
  readonly clock?: Clock | undefined
  /** Source of the mark that tells this store's tags from those of another process; default the system's. */
  readonly random?: Random | undefined
}

/**
 * Makes a store of a few primitives, for engines of one's own. It adds the guarantees of a cache: one atomic step for
 * each change of a key, leases (within this process only), expiry, and isolation of values.
 * @throws OptionsError if a primitive is missing.
 */
export function storeFrom(primitives: Primitives, options: StoreFromOptions = {}): Store {
  if (typeof primitives !== 'object' || primitives === null) {
    throw new OptionsError(`storeFrom: the primitives must be an object, not ${inspect(primitives)}`)
  }
  for (const name of ['read', 'write', 'remove', 'keys', 'close'] as const) {
    const given = partOf(primitives, name, 'storeFrom')
    if (name !== 'close' || given !== undefined) checkFunction(given, `storeFrom: ${name}`)
  }
  checkReadable(options, 'storeFrom')
  const { random = systemRandom } = options
  if (options.clock !== undefined) checkMethods(options.clock, ['now', 'wallNow'], 'clock')
  checkFunction(random, 'storeFrom: random')
  return new PrimitiveStore(primitives, valueKeeper(options), ageClock(options.clock), random)
}
