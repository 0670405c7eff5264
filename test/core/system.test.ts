import { mock } from 'node:test'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock, systemTimers } from '../../src/core/time/system.ts'
import { MemoryCache } from '../../src/memory/memory-cache.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
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

  test('that move the date alone move ttls', async () => {
    const cache = new MemoryCache()
    await cache.set('a', 1, '1h')
    vi.setSystemTime(Date.now() + 2 * 3_600_000)
    expect(await cache.get('a')).toBeUndefined()
    await cache.close()
  })

  test('end without a leap: what was stored while they ran or before is there', async () => {
    const cache = new MemoryCache()
    await cache.set('before', 1, 60)
    vi.useFakeTimers({ now: 0 })
    await cache.set('meanwhile', 1, 60)
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect([await cache.get('before'), await cache.get('meanwhile')]).toEqual([1, 1])
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
