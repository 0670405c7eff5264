import { describe, test } from 'vitest'
import { BaseCache } from '../../src/cache/base-cache.ts'
import { CoherentStore } from '../../src/coherence/coherent-store.ts'
import type { CacheOptions } from '../../src/core/options.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { conformanceCases, type FakeClock } from '../../src/testing/index.ts'
import type { Line } from '../../src/testing/simulation/network.ts'
import { SimulatedRemote } from '../../src/testing/simulation/remote.ts'
import { SimulatedServer } from '../../src/testing/simulation/server.ts'

// A server a few turns of the event loop away, whose messages come at once.
class TieredTrial extends BaseCache {
  constructor(options: CacheOptions & { readonly clock: FakeClock }) {
    const { clock } = options
    const listeners = new Set<(message: never) => void>()
    const server = new SimulatedServer({
      now: () => clock.now(),
      partitions: 2,
      logLimit: 1_000,
      publish: (message) => {
        for (const listen of listeners) listen(message as never)
      },
    })
    const line: Line = {
      call: async <T>(_: string, execute: () => T): Promise<T> => execute(),
      reconnect: () => undefined,
    }
    const store = new CoherentStore(
      {
        remote: new SimulatedRemote(server, line),
        local: memoryStore({ clock, timers: clock }),
        bus: {
          subscribe(onMessage) {
            listeners.add(onMessage)
            return () => listeners.delete(onMessage)
          },
        },
        clock,
        timers: clock,
        random: Math.random,
        node: 'n',
      },
      {
        policy: 'available',
        maxLagMs: 3_000,
        maxStaleMs: 60_000,
        heartbeatMs: 1_000,
        leaseMs: 5_000,
        longestLeaseMs: 60_000,
        outboxLimit: 1_000,
        failover: 'async',
        journalMs: 60_000,
        journalLimit: 500,
        generationLimit: 1_000,
      },
    )
    super(store, options)
  }
}

// The simulated server keeps JSON, in which these values are not what they were.
const NOT_JSON =
  /dates, maps|isolation|a reader changes|callers change it|the caller changes|falsy ones|can not be kept/

// Its heartbeats would take 400 days; and a server counts what it removes, without asking for generations.
const NOT_HERE = /2\^31|counts what it shows/

describe('two tiers over the simulated server', () => {
  for (const { name, run } of conformanceCases({ create: (options) => new TieredTrial(options) }))
    if (!NOT_JSON.test(name) && !NOT_HERE.test(name)) test(name, run)
})
