import { afterEach, describe, expect, test, vi } from 'vitest'
import { storeFrom } from '../../../src/cache/store-from.ts'
import { BaseCache } from '../../../src/cache/base-cache.ts'
import { Lock } from '../../../src/lock/index.ts'
import { BoundedMap, MemoryCache } from '../../../src/memory/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SuspendedClock } from '../../support/suspended-clock.ts'

class MapCache extends BaseCache {
  constructor(clock: SuspendedClock) {
    const entries = new Map<string, unknown>()
    const primitives = {
      read: (key: string) => entries.get(key) as never,
      write: (key: string, slot: unknown) => void entries.set(key, slot),
      remove: (key: string) => entries.delete(key),
      keys: () => entries.keys(),
    }
    super(storeFrom(primitives, { clock }), { clock })
  }
}

const ENGINES = {
  MemoryCache: (clock: SuspendedClock) => new MemoryCache({ clock }),
  'a cache over storeFrom': (clock: SuspendedClock) => new MapCache(clock),
} as const

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(Object.entries(ENGINES))('%s on a machine that is suspended', (_, make) => {
  test('drops an entry whose ttl has passed meanwhile, and keeps one whose ttl has not', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    await cache.set('short', 1, 5)
    await cache.set('long', 1, 60)
    clock.suspend(20_000)
    expect([await cache.get('short'), await cache.has('short')]).toEqual([undefined, false])
    expect(await cache.get('long')).toBe(1)
    expect(await cache.ttl('long')).toBe(40)
    await cache.close()
  })

  test('ends an entry at the instant that was given', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    await cache.set('a', 1, new Date(clock.wallNow() + 30_000))
    clock.run(5_000)
    clock.suspend(24_000)
    expect(await cache.get('a')).toBe(1)
    clock.run(1_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  test('lets what has become stale be served as stale only', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    await cache.set('a', 1, { ttl: 5, grace: 60 })
    clock.suspend(20_000)
    expect([await cache.get('a'), await cache.get('a', { stale: true })]).toEqual([undefined, 1])
    clock.suspend(60_000)
    expect(await cache.get('a', { stale: true })).toBeUndefined()
    await cache.close()
  })

  test('drops what outlived its ttl in many short suspensions', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    await cache.set('a', 1, 10)
    for (let time = 0; time < 40 && (await cache.get('a')) !== undefined; time++) {
      clock.run(100)
      clock.suspend(300)
    }
    // Its ttl, the second that passes for an inaccuracy, and the last step.
    expect(clock.wallNow() - Date.UTC(2026, 0, 1)).toBeLessThanOrEqual(11_400)
    await cache.close()
  })

  test('keeps everything when the wall clock is set back', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    await cache.set('a', 1, 5)
    clock.setWall(-86_400_000)
    clock.run(4_000)
    expect(await cache.get('a')).toBe(1)
    await cache.close()
  })

  test('gives the load of a key to no second holder for it', async () => {
    const clock = new SuspendedClock()
    const cache = make(clock)
    let loads = 0
    let finish = (): void => undefined
    const load = async (): Promise<number> => {
      loads++
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return loads
    }
    const first = cache.getOrSet('a', load)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    clock.suspend(3_600_000)
    const second = cache.getOrSet('a', load)
    finish()
    expect(await Promise.all([first, second])).toEqual([1, 1])
    await cache.close()
  })
})

test('a bounded map obeys a suspension, too, and frees what has ended', () => {
  const clock = new SuspendedClock()
  const timers = new FakeClock()
  const map = new BoundedMap<string, number>({ clock, timers, ttl: 5 })
  map.set('a', 1)
  clock.suspend(20_000)
  expect([map.get('a'), map.has('a'), [...map.keys()], map.size]).toEqual([undefined, false, [], 0])
  map.close()
})

test('locks and limits in the process do not end by a suspension', async () => {
  const clock = new SuspendedClock()
  const cache = new MemoryCache({ clock })
  const lock = new Lock(cache, 'job', { ttl: 10 })
  const held = await lock.acquire()
  const limiter = new RateLimiter(cache, { name: 'a', algorithm: 'fixed-window', limit: 1, window: 60 })
  expect((await limiter.consume('user')).allowed).toBe(true)
  clock.suspend(20_000)
  expect(held.remainingMs).toBeGreaterThan(0)
  await expect(lock.acquire({ wait: 0 })).rejects.toMatchObject({ code: 'ERR_CACHE_LOCK_BUSY' })
  expect((await limiter.consume('user')).allowed).toBe(false)
  expect(held.signal.aborted).toBe(false)
  await held.release()
  await cache.close()
})

test('nothing is served past its end in a later turn, however long the loop was blocked', async () => {
  const { performance: machine } = globalThis
  let blockedMs = 0
  vi.stubGlobal('performance', { now: () => machine.now() + blockedMs })
  const cache = new MemoryCache()
  const map = new BoundedMap<string, number>({ ttl: 10 })
  await cache.set('a', 1, 10)
  map.set('a', 1)
  for (let time = 0; time < 10; time++) expect([await cache.get('a'), map.get('a')]).toEqual([1, 1])
  blockedMs = 12_000
  await new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
  for (let time = 0; time < 100; time++)
    expect([await cache.get('a'), await cache.has('a'), map.get('a')]).toEqual([undefined, false, undefined])
  map.close()
  await cache.close()
})
