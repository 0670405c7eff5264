import { BaseCache } from '../../src/cache/base-cache.ts'
import { noteShare } from '../../src/cache/stores.ts'
import type { CoherenceOptions } from '../../src/coherence/options.ts'
import { coherentStore } from '../../src/coherence/compose.ts'
import type { Clock } from '../../src/core/time/clock.ts'
import type { CacheOptions } from '../../src/options/options.ts'
import type { Bus, Message } from '../../src/core/remote/log.ts'
import type { ValueOptions } from '../../src/serialization/json/rules.ts'
import { WireFormat } from '../../src/serialization/wire/wire-format.ts'
import type { Line } from '../machine/network.ts'
import { SimulatedRemote, type TextFormat } from '../server/remote.ts'
import { SimulatedServer } from '../server/server.ts'

/** Options of a cache over a simulated server. */
export interface SharedCacheOptions extends CacheOptions, CoherenceOptions, ValueOptions {}

/** A cache with entries on a simulated server alone, as those of a `RedisCache` are on Redis. */
class SharedCache extends BaseCache {
  static over(fleet: InstantFleet, options: SharedCacheOptions): SharedCache {
    const store = coherentStore({ remote: fleet.remote(options), bus: fleet.bus }, options)
    const cache = new SharedCache(store, options)
    noteShare(cache, ({ prefix = options.prefix ?? '', ...format }) => ({
      remote: fleet.remote(format),
      bus: fleet.bus,
      prefix,
    }))
    return cache
  }
}

/**
 * A simulated server that answers within the turn of the event loop and sends its messages at once. It serves tests and
 * benches of the code above a remote store. Values are kept in Cachette's own format.
 */
export class InstantFleet {
  readonly server: SimulatedServer
  readonly bus: Bus
  /** Number of calls of the server, by their first word: `read`, `acquire`, `set`, `heads`. */
  readonly calls: Map<string, number> = new Map()
  /** Whether the server answers no node. */
  isAway = false
  readonly #listeners = new Set<(message: Message) => void>()

  constructor(clock: Pick<Clock, 'now'>, partitions: number = 2) {
    this.server = new SimulatedServer({
      now: () => clock.now(),
      partitions,
      logLimit: 10_000,
      publish: (message) => {
        for (const listen of this.#listeners) listen(message)
      },
    })
    this.bus = {
      subscribe: (onMessage) => {
        this.#listeners.add(onMessage)
        return () => this.#listeners.delete(onMessage)
      },
    }
  }

  /** Returns a connection to the server. */
  remote(options: ValueOptions & Pick<CacheOptions, 'serializer'> = {}): SimulatedRemote {
    const line: Line = {
      call: async <T>(what: string, execute: () => T): Promise<T> => {
        const [kind = ''] = what.split(' ')
        this.calls.set(kind, (this.calls.get(kind) ?? 0) + 1)
        if (this.isAway) throw new Error('the simulated server is away')
        return execute()
      },
      reconnect: () => undefined,
    }
    return new SimulatedRemote(this.server, line, { format: wireText(options) })
  }

  /** Returns a cache of another process over the server. */
  sharedCache(options: SharedCacheOptions = {}): BaseCache {
    return SharedCache.over(this, options)
  }
}

// Converts bytes to text, one character for each, so that counters are the digits that scripts expect.
function wireText({
  serializer,
  classes,
  registry,
  maxDepth,
  maxCount,
}: ValueOptions & Pick<CacheOptions, 'serializer'>): TextFormat {
  const format = new WireFormat({ serializer, classes, registry, maxDepth, maxCount })
  return {
    serialize: (value) => Buffer.from(format.serialize(value)).toString('latin1'),
    deserialize: (text) => format.deserialize(Buffer.from(text, 'latin1')),
  }
}
