import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { createCache, MemoryCache, TieredCache, type MemoryCacheOptions } from '../../../src/index.ts'
import type { RemovalCause } from '../../../src/memory/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'

type Told = readonly [key: string, value: unknown, cause: RemovalCause]

function listening(options: MemoryCacheOptions = {}): {
  cache: MemoryCache
  clock: FakeClock
  told: Told[]
} {
  const clock = new FakeClock()
  const told: Told[] = []
  const onRemoval = (...one: Told): number => told.push(one)
  return { cache: new MemoryCache({ clock, ...options, onRemoval }), clock, told }
}

describe('onRemoval', () => {
  test('tells the cause of each removal', async () => {
    const { cache, clock, told } = listening({ maxEntries: 3 })
    const tell = async (work: () => unknown): Promise<Told[]> => {
      await work()
      return told.splice(0)
    }
    await cache.set('a', 1, { ttl: '1m' })
    expect(await tell(() => cache.set('a', 2, { ttl: '1m' }))).toEqual([['a', 1, 'replaced']])
    expect(await tell(() => cache.set('a', 3, { ifAbsent: true }))).toEqual([])
    expect(await tell(() => clock.advance('1h'))).toEqual([['a', 2, 'expired']])

    await cache.set('b', 1, { ttl: '1m', tags: ['t'] })
    expect(await tell(() => cache.delete('b'))).toEqual([['b', 1, 'deleted']])
    await cache.set('b', 2)
    expect(await tell(() => cache.take('b'))).toEqual([['b', 2, 'deleted']])
    await cache.set('b', 3, { tags: ['t'] })
    // An invalidation of a tag is one step. The entry leaves when it is found.
    await cache.invalidateTag('t')
    expect(await tell(() => cache.get('b'))).toEqual([['b', 3, 'deleted']])

    await cache.setMany({ c1: 1, c2: 2, d: 3 })
    expect(await tell(() => cache.deleteByPrefix('c'))).toEqual([
      ['c1', 1, 'cleared'],
      ['c2', 2, 'cleared'],
    ])
    expect(await tell(() => cache.clear())).toEqual([['d', 3, 'cleared']])
    for (const key of ['1', '2', '3', '4']) await cache.set(key, key)
    expect(told.splice(0).map(([, , cause]) => cause)).toEqual(['evicted'])
    expect((await tell(() => cache.close())).map(([, , cause]) => cause)).toEqual(Array(3).fill('cleared'))
  })

  test('tells each stored value once', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new SeededRandom(seed)
      const { cache, clock, told } = listening({ maxEntries: 8, grace: random.chance(0.5) ? '5s' : false })
      const stored: number[] = []
      const key = (): string => `key:${random.below(12)}`
      for (let count = 0; count < 400; count++) {
        const roll = random.below(10)
        const ifAbsent = random.chance(0.3)
        const options = { ttl: random.chance(0.5) ? 3 : Infinity, tags: ['t'], ifAbsent }
        if (roll < 5) {
          if (await cache.set(key(), count, options)) stored.push(count)
        } else if (roll < 6) await cache.delete(key())
        else if (roll < 7) await cache.get(key())
        else if (roll < 8) await cache.invalidateTag('t', { keepStale: random.chance(0.5) })
        else if (roll < 9) await clock.advance('2s')
        else await cache.deleteByPrefix(`key:${random.below(3)}`)
      }
      await cache.close()
      const values = told.map(([, value]) => value as number)
      expect(values.toSorted((a, b) => a - b)).toEqual(stored)
    }
  })

  test('tells keys as callers write them, and a copy of the value', async () => {
    const { cache, told } = listening({ prefix: 'app:' })
    const value = { list: [1] }
    await cache.namespace('user').set('1', value)
    await cache.namespace('user').delete('1')
    expect(told).toEqual([['user:1', value, 'deleted']])
    expect(told[0]![1]).not.toBe(value)
  })

  test('tells of entries that the timer finds outside of the request that has set them', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const cache = new MemoryCache({ onRemoval: () => seen.push(requests.getStore()) })
    await requests.run('request', () => cache.set('key', 1, '10ms'))
    await until('the end of the entry', () => seen.length > 0)
    expect(seen).toEqual([undefined])
    await cache.close()
  })

  test('logs an error of the listener, and throws it nowhere', async () => {
    const failures: readonly (() => unknown)[] = [
      () => {
        throw new Error('no')
      },
      async () => Promise.reject(new Error('no')),
    ]
    for (const onRemoval of failures) {
      const logger = new RecordingLogger()
      const cache = new MemoryCache({ logger, onRemoval, name: 'sessions' })
      await cache.set('key', 1)
      expect(await cache.delete('key')).toBe(true)
      await Promise.resolve()
      expect(logger.lines).toMatchObject([
        { level: 'error', message: 'onRemoval has failed', details: { cache: 'sessions', key: 'key' } },
      ])
    }
    expect(() => new MemoryCache({ onRemoval: 'x' as never })).toThrow("onRemoval: 'x' is not a function")
  })

  test('works in createCache, and for the copies before a server', async () => {
    const told: Told[] = []
    const onRemoval = (...one: Told): number => told.push(one)
    const memory = await createCache({ redis: 'memory://', l1: { onRemoval }, logger: new RecordingLogger() })
    await memory.set('key', 1)
    await memory.close()
    expect(told.splice(0)).toEqual([['key', 1, 'cleared']])

    const clock = new FakeClock()
    const fleet = new InstantFleet(clock)
    const l2 = fleet.sharedCache({ clock })
    const tiers = new TieredCache({ clock, l1: { onRemoval }, l2, bus: fleet.bus })
    await tiers.set('key', 'copy')
    await tiers.get('key')
    await tiers.delete('key')
    expect(told).toEqual([['key', 'copy', 'deleted']])
    await tiers.close()
  })
})
