import { BaseCache } from '../../cache/base-cache.ts'
import { noteShare, shareOf, storeOf, type Share } from '../../cache/stores.ts'
import type { CoherenceOptions } from '../../coherence/options.ts'
import { COHERENCE_OPTIONS } from '../../coherence/options.ts'
import { coherentStore } from '../../coherence/compose.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkMethods } from '../../options/checks.ts'
import { CACHE_OPTIONS, checkCacheOptions, checkOptions, type CacheOptions } from '../../options/options.ts'
import type { Store } from '../../core/store.ts'
import type { Chaos } from './chaos.ts'
import { chaosBus, chaosRemote, chaosStore } from './wrap.ts'

/** Options of a {@link ChaosCache}: those of every cache, and those of coherence if it is on a server. */
export interface ChaosCacheOptions extends CacheOptions, CoherenceOptions {}

/**
 * A cache over the engine of another one, with its calls disturbed by chaos. `new ChaosCache(redis, chaos)` replaces
 * `redis` in a service, or becomes the `l2` of a tiered cache. It has its own prefix, ttl and tags, but on a server the
 * prefix is that of the other cache. It does not close the other cache.
 */
export class ChaosCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError if `cache` is not a whole cache, and for wrong options. */
  constructor(cache: BaseCache, chaos: Chaos, options: ChaosCacheOptions = {}) {
    checkOptions(options, [...CACHE_OPTIONS, ...COHERENCE_OPTIONS], 'ChaosCache')
    checkCacheOptions(options)
    checkMethods(chaos, ['call', 'deliver'], 'ChaosCache: chaos')
    const store = storeOf(cache)
    if (store === undefined) throw new OptionsError(`ChaosCache: ${inspect(cache)} is not a whole cache`)
    const share = shareOf(cache)
    if (share === undefined) super(kept(chaosStore(store, chaos)), options)
    else {
      const disturbed: Share = (asked) => {
        const { remote, bus, prefix } = share(asked)
        return { remote: chaosRemote(remote, chaos), bus: bus && chaosBus(bus, chaos), prefix }
      }
      const { prefix, ...parts } = disturbed(options.prefix === undefined ? {} : { prefix: options.prefix })
      super(coherentStore(parts, options), { ...options, prefix })
      noteShare(this, disturbed)
    }
  }
}

// Closing it closes only the view, neither the engine behind it nor the locks and limits of that.
function kept(store: Store): Store {
  const atomic = store.atomic && withoutClose(store.atomic)
  return new Proxy(withoutClose(store), {
    get: (target, name) => (name === 'atomic' ? atomic : (Reflect.get(target, name, target) as unknown)),
  })
}

function withoutClose<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name === 'close') return () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
