import { describe, expect, it, vi } from 'vitest'
import { createCache, MemoryCache, type BaseCache } from 'cachette'
import { Lock, Semaphore, withLock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import { RecordingLogger } from '../support/recording-logger.ts'

describe('a plain number that may be milliseconds', () => {
  it.each([
    [60_000, '16h40m', '1m'],
    [300_000, '3d11h20m', '5m'],
    [1_800_000, '20d20h', '30m'],
    [10_000, '2h46m40s', '10s'],
    [36_000, '10h', '36s'],
  ])(
    'is accepted with one warning a place that gives both readings: %d',
    async (ttl, seconds, milliseconds) => {
      const calls: Readonly<Record<string, (cache: BaseCache) => unknown>> = {
        set: (cache) => cache.set('k', 1, ttl),
        'set: ttl': (cache) => cache.set('k', 1, { ttl }),
        'set: grace': (cache) => cache.set('k', 1, { ttl: '1h', grace: ttl }),
        setMany: (cache) => cache.setMany([[`k${Math.random()}`, 1, ttl]]),
        expire: (cache) => cache.expire('k', ttl),
        getOrSet: (cache) => cache.getOrSet('new', () => 1, ttl),
        'namespace: ttl': (cache) => cache.namespace('n', { ttl }),
        setTtl: (cache) => cache.refresh('k', ({ setTtl }) => (setTtl(ttl), 1)),
      }
      for (const [place, call] of Object.entries(calls)) {
        const logger = new RecordingLogger()
        const cache = new MemoryCache({ logger })
        await call(cache)
        await call(cache)
        expect(logger.lines, place).toHaveLength(1)
        const [{ level, message, details }] = logger.lines as [RecordingLogger['lines'][number]]
        expect(level).toBe('warn')
        expect(details).toMatchObject({ cache: 'cache' })
        expect(message).toContain(place)
        expect(message).toContain(`'${seconds}'`)
        expect(message).toContain(`'${milliseconds}'`)
        await cache.close()
      }
    },
  )

  it.each([9000, 10_001, 86_400, 3600, 604_800])('is no doubt: %d', async (ttl) => {
    const logger = new RecordingLogger()
    const cache = new MemoryCache({ logger, ttl })
    await cache.set('k', 1, ttl)
    expect(logger.lines).toEqual([])
  })

  it('is told of at the construction of a cache', () => {
    const logger = new RecordingLogger()
    expect(new MemoryCache({ logger, ttl: 60_000, name: 'users' })).toBeDefined()
    expect(logger.lines).toMatchObject([{ details: { cache: 'users', place: 'a cache: ttl' } }])
  })
})

describe('a doubt about a limiter, a lock or an option of a cache', () => {
  const places: Readonly<Record<string, (logger: RecordingLogger) => unknown>> = {
    'RateLimiter: window': (logger) =>
      new RateLimiter(new MemoryCache({ logger }), { name: 'calls', limit: 5, window: 60_000 }),
    'RateLimiter: blockFor': (logger) =>
      new RateLimiter(new MemoryCache({ logger }), { name: 'c', limit: 5, window: '1m', blockFor: 60_000 }),
    'RateLimiter: blockList': (logger) =>
      new RateLimiter(new MemoryCache({ logger }), { name: 'c', limit: 5, window: '1m', blockList: 60_000 }),
    block: async (logger) =>
      new RateLimiter(new MemoryCache({ logger }), { name: 'c', limit: 5, window: '1m' }).block('k', 60_000),
    'Lock: ttl': (logger) => new Lock(new MemoryCache({ logger }), 'k', { ttl: 60_000 }),
    'Semaphore: maxHold': (logger) => new Semaphore(new MemoryCache({ logger }), 'k', 2, { maxHold: 60_000 }),
    acquire: async (logger) => withLock(new MemoryCache({ logger }), 'k', () => 1, { wait: 60_000 }),
    closeTimeout: (logger) => new MemoryCache({ logger, closeTimeout: 60_000 }),
    'staleness: maxStale': async (logger) => createCache({ logger, staleness: { maxStale: 60_000 } }),
    'l1: ttl': async (logger) => createCache({ logger, l1: { ttl: 60_000 } }),
  }

  it.each(Object.keys(places))(
    'is told to the logger of the cache, once for each place: %s',
    async (place) => {
      const logger = new RecordingLogger()
      const console = vi.spyOn(globalThis.console, 'warn').mockImplementation(() => undefined)
      await places[place]!(logger)
      await places[place]!(logger)
      expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
        { details: { place: expect.stringContaining(place) }, message: expect.stringContaining("'16h40m'") },
      ])
      expect(console).not.toHaveBeenCalled()
      console.mockRestore()
    },
  )

  it('is told to the logger of the limiter, if it has one', () => {
    const [ofCache, ofLimiter] = [new RecordingLogger(), new RecordingLogger()]
    const cache = new MemoryCache({ logger: ofCache })
    expect(new RateLimiter(cache, { name: 'c', limit: 5, window: 60_000, logger: ofLimiter })).toBeDefined()
    expect([ofCache.lines.length, ofLimiter.lines.length]).toEqual([0, 1])
  })
})
