import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from 'cachette'
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
