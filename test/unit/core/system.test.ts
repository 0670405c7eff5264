import { mock } from 'node:test'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { afterCallback, soon, systemClock, systemTimers } from '../../../src/core/time/system.ts'
import { withLock } from '../../../src/lock/index.ts'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'

const { setImmediate: endOfTurn } = globalThis
const nextTurn = async (): Promise<void> =>
  new Promise((resolve) => {
    endOfTurn(resolve)
  })

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  mock.timers.reset()
})

describe('fake timers of test runners', () => {
  test('of vitest move ttls, grace and time limits', async () => {
    vi.useFakeTimers()
    const cache = new MemoryCache()
    await cache.set('short', 1, 10)
    await cache.set('long', 1, 30)
    await cache.set('graced', 1, { ttl: 10, grace: 60 })
    vi.advanceTimersByTime(20_000)
    expect([await cache.has('short'), await cache.get('short')]).toEqual([false, undefined])
    expect(await cache.get('long')).toBe(1)
    expect([await cache.get('graced'), await cache.get('graced', { stale: true })]).toEqual([undefined, 1])
    const hang = async ({ signal }: { signal: AbortSignal }): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')))
      })
    const load = cache.getOrSet('slow', hang, { hardTimeout: 5 })
    const failure = expect(load).rejects.toMatchObject({ code: 'ERR_CACHE_LOADER_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(5_000)
    await failure
    await cache.close()
  })

  test('move what was stored before they were installed', async () => {
    const cache = new MemoryCache()
    await cache.set('a', 1, 10)
    vi.useFakeTimers()
    expect(await cache.get('a')).toBe(1)
    vi.advanceTimersByTime(20_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  test('of node:test move ttls, though they leave `performance` alone', async () => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] })
    const cache = new MemoryCache()
    await cache.set('a', 1, 0.5)
    mock.timers.tick(400)
    expect(await cache.get('a')).toBe(1)
    mock.timers.tick(200)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  // A time limit is a difference of times, such as 5000.0000000001 ms. The timers of node:test take fractions at their word.
  test('of node:test fire a timer in its millisecond, as those of the machine do', () => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] })
    const due = vi.fn()
    systemTimers.set(due, 5000.000_000_1)
    mock.timers.tick(5000)
    expect(due).toHaveBeenCalledOnce()
  })

  test('that move the date alone move ttls', async () => {
    const cache = new MemoryCache()
    await cache.set('a', 1, '1h')
    vi.setSystemTime(Date.now() + 2 * 3_600_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  const DAY_MS = 86_400_000
  test.each([-20_000 * DAY_MS, -DAY_MS, 0])(
    'begin and end without a leap: an entry stays for its ttl, if they begin %i ms from now',
    async (fromNowMs) => {
      const cache = new MemoryCache()
      await cache.set('before', 1, 60)
      vi.useFakeTimers({ now: Date.now() + fromNowMs })
      expect(await cache.get('before')).toBe(1)
      await cache.set('meanwhile', 1, 60)
      vi.advanceTimersByTime(10_000)
      expect(await cache.get('meanwhile')).toBe(1)
      vi.useRealTimers()
      await nextTurn()
      expect([await cache.get('before'), await cache.get('meanwhile')]).toEqual([1, 1])
      expect(Math.round((await cache.ttl('meanwhile'))!)).toBe(50)

      vi.useFakeTimers({ now: Date.now() + fromNowMs })
      expect(await cache.get('meanwhile')).toBe(1)
      vi.advanceTimersByTime(51_000)
      expect([await cache.get('before'), await cache.get('meanwhile')]).toEqual([undefined, undefined])
      await cache.close()
    },
  )

  test('that are installed again without a read in between make no leap', async () => {
    const cache = new MemoryCache()
    vi.useFakeTimers({ now: 0 })
    await cache.set('a', 1, 60)
    vi.useRealTimers()
    vi.useFakeTimers()
    expect(await cache.get('a')).toBe(1)
    vi.advanceTimersByTime(60_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  test('whose date is set back change nothing, and set ahead they let time pass', async () => {
    const cache = new MemoryCache()
    vi.useFakeTimers()
    await cache.set('a', 1, 60)
    vi.setSystemTime(0)
    expect(await cache.get('a')).toBe(1)
    vi.advanceTimersByTime(59_000)
    expect(await cache.get('a')).toBe(1)
    vi.setSystemTime(Date.now() + 1_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  test('that replace `Date.now` alone move ttls', async () => {
    const cache = new MemoryCache()
    await cache.set('a', 1, '1h')
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_599_000)
    expect(await cache.get('a')).toBe(1)
    now.mockReturnValue(Date.now() + 2_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.set('b', 1, 60)
    now.mockRestore()
    await nextTurn()
    expect(await cache.get('b')).toBe(1)
    await cache.close()
  })

  test('of node:test move limits in memory and grace', async () => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] })
    const cache = new MemoryCache()
    const limiter = new RateLimiter(cache, {
      name: 'calls',
      algorithm: 'fixed-window',
      limit: 1,
      window: '1m',
    })
    await cache.set('a', 1, { ttl: 10, grace: 20 })
    expect((await limiter.consume('k')).allowed).toBe(true)
    expect((await limiter.consume('k')).allowed).toBe(false)
    mock.timers.tick(29_000)
    expect(await cache.get('a', { stale: true })).toBe(1)
    mock.timers.tick(31_000)
    expect(await cache.get('a', { stale: true })).toBeUndefined()
    expect((await limiter.consume('k')).allowed).toBe(true)
    await cache.close()
  })

  describe('that were installed before the package was loaded', () => {
    const install = {
      vitest: () => void vi.useFakeTimers(),
      'node:test': () => mock.timers.enable({ apis: ['Date', 'setTimeout'] }),
    }
    test.each(Object.entries(install))('%s: move ttls, and end without a leap', async (_, begin) => {
      vi.resetModules()
      begin()
      const loaded = await import('../../../src/memory/memory-cache.ts')
      const cache = new loaded.MemoryCache()
      await cache.set('a', 1, 10)
      await cache.set('b', 1, 60)
      if (vi.isFakeTimers()) vi.advanceTimersByTime(20_000)
      else mock.timers.tick(20_000)
      expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 1])
      vi.useRealTimers()
      mock.timers.reset()
      await nextTurn()
      expect(await cache.get('b')).toBe(1)
      vi.useFakeTimers()
      expect(await cache.get('b')).toBe(1)
      vi.advanceTimersByTime(40_000)
      expect(await cache.get('b')).toBeUndefined()
      await cache.close()
    })
  })

  test('that keep the ends of callbacks and turns for themselves hang nothing', async () => {
    const { nextTick } = process
    const cache = new MemoryCache({ maxEntries: 10_000 })
    for (let key = 0; key < 5_000; key++) void cache.set(`k${key}`, key, 60)
    vi.useFakeTimers()
    try {
      process.nextTick = () => undefined
      const called = new Promise<void>((resolve) => {
        soon(resolve)
      })
      await called
      expect(afterCallback(() => undefined)).toBe(false)
    } finally {
      process.nextTick = nextTick
    }
    expect(await cache.deleteByPrefix('k')).toBe(5_000)
    const turns = Array.from({ length: 250 }, async (_, turn) => withLock(cache, 'lock', () => turn))
    expect(await Promise.all(turns)).toHaveLength(250)
    await cache.close()
  })

  test('never take the clock back', () => {
    const startMs = systemClock.now()
    vi.useFakeTimers({ now: 0 })
    expect(systemClock.now()).toBeGreaterThanOrEqual(startMs)
    vi.advanceTimersByTime(1_000)
    const fakeMs = systemClock.now()
    expect(fakeMs).toBeGreaterThanOrEqual(startMs + 1_000)
    vi.useRealTimers()
    expect(systemClock.now()).toBeGreaterThanOrEqual(fakeMs)
  })
})

test('an environment without `setImmediate` and `TextEncoder` will do', async () => {
  vi.resetModules()
  for (const name of ['setImmediate', 'clearImmediate', 'TextEncoder', 'TextDecoder'])
    vi.stubGlobal(name, undefined)
  const loaded = await import('../../../src/index.ts')
  const { withLock: lock } = await import('../../../src/lock/index.ts')
  const cache = new loaded.MemoryCache({ maxEntries: 10_000 })
  expect(await cache.getOrSet('a', async () => cache.getOrSet('b', () => 2))).toBe(2)
  const turns = Array.from({ length: 250 }, async (_, turn) => lock(cache, 'lock', () => turn))
  expect(await Promise.all(turns)).toHaveLength(250)
  for (let key = 0; key < 5_000; key++) void cache.set(`k${key}`, key, 60)
  expect(await cache.deleteByPrefix('k')).toBe(5_000)
  expect(await cache.deserialize(await cache.serialize('é'.repeat(2_000)))).toHaveLength(2_000)
  await cache.close()
})

test('a timer that is a number, as in environments that imitate a browser, will do', async () => {
  const { setTimeout: start, clearTimeout: stop } = globalThis
  const handles = new Map<number, NodeJS.Timeout>()
  vi.stubGlobal('setTimeout', (callback: () => void, ms: number) => {
    handles.set(handles.size + 1, start(callback, ms))
    return handles.size
  })
  vi.stubGlobal('clearTimeout', (handle: number) => stop(handles.get(handle)))
  const cache = new MemoryCache()
  expect(await cache.set('a', 1, 60)).toBe(true)
  expect(await cache.getOrSet('b', () => 2, { hardTimeout: 1 })).toBe(2)
  await new Promise<void>((resolve) => {
    systemTimers.set(resolve, 1)
  })
  await cache.close()
})
