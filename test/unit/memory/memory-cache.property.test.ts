import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { ManualClock } from './manual-clock.ts'

type Step =
  | { readonly do: 'set'; readonly key: string; readonly ttl: number; readonly value: number }
  | { readonly do: 'get' | 'has' | 'ttl' | 'delete' | 'take'; readonly key: string }
  | { readonly do: 'expire'; readonly key: string; readonly ttl: number }
  | { readonly do: 'increment'; readonly key: string; readonly by: number }
  | { readonly do: 'advance'; readonly ms: number }

// Plain values and deadlines; nothing is evicted, as the bound is never reached.
class Model {
  readonly clock = new ManualClock()
  readonly cache = new MemoryCache<number>({ clock: this.clock, timers: this.clock, maxEntries: 100 })
  readonly #entries = new Map<string, { value: number; deadlineMs: number }>()

  #live(key: string) {
    const entry = this.#entries.get(key)
    return entry && entry.deadlineMs > this.clock.now() ? entry : undefined
  }

  async run(step: Step): Promise<void> {
    const { cache, clock } = this
    if (step.do === 'advance') {
      clock.advance(step.ms)
      return
    }
    const entry = this.#live(step.key)
    switch (step.do) {
      case 'set':
        same(await cache.set(step.key, step.value, step.ttl), true)
        this.#entries.set(step.key, { value: step.value, deadlineMs: clock.now() + step.ttl * 1000 })
        return
      case 'get':
        return same(await cache.get(step.key), entry?.value)
      case 'has':
        return same(await cache.has(step.key), entry !== undefined)
      case 'ttl':
        return same(await cache.ttl(step.key), entry && (entry.deadlineMs - clock.now()) / 1000)
      case 'delete':
        same(await cache.delete(step.key), entry !== undefined)
        this.#entries.delete(step.key)
        return
      case 'take':
        same(await cache.take(step.key), entry?.value)
        this.#entries.delete(step.key)
        return
      case 'expire':
        same(await cache.expire(step.key, step.ttl), entry !== undefined)
        if (entry) entry.deadlineMs = clock.now() + step.ttl * 1000
        return
      case 'increment': {
        const value = (entry?.value ?? 0) + step.by
        same(await cache.increment(step.key, step.by, 7), value)
        this.#entries.set(step.key, { value, deadlineMs: entry?.deadlineMs ?? clock.now() + 7000 })
      }
    }
  }
}

// `expect` would take most of the time.
function same(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${String(actual)} instead of ${String(expected)}`)
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const ttl = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, ttl, value: fc.integer() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('get', 'has', 'ttl', 'delete', 'take'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), key, ttl }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('increment' as const), key, by: fc.integer({ min: -9, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 9000 }) }),
  },
)

describe('MemoryCache against a plain model', () => {
  test('agrees, whatever is done in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 200, size: 'max' }), async (steps) => {
        const model = new Model()
        for (const step of steps) await model.run(step)
        await model.cache.close()
        same(model.clock.pending, 0)
      }),
      { numRuns: 300 },
    )
  })
})
