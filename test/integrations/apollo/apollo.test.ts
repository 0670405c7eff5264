import {
  ErrorsAreMissesCache,
  InMemoryLRUCache,
  PrefixingKeyValueCache,
  type KeyValueCache,
} from '@apollo/utils.keyvaluecache'
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { ApolloCache } from 'cachette/apollo'
import { FakeClock } from 'cachette/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

describe('ApolloCache', () => {
  it('fits Apollo without a cast', () => {
    expectTypeOf<ApolloCache>().toExtend<KeyValueCache>()
    expectTypeOf<ApolloCache<{ a: number }>>().toExtend<KeyValueCache<{ a: number }>>()
  })

  it('refuses what is no cache', () => {
    expect(() => new ApolloCache({} as BaseCache)).toThrow(OptionsError)
    expect(() => new ApolloCache({} as BaseCache)).toThrow('ApolloCache: cache: {} is not a cache')
  })

  it('counts ttl in seconds, and takes null for none', async () => {
    const clock = new FakeClock()
    const cache = new ApolloCache(new MemoryCache({ clock }))
    await cache.set('a', 'x', { ttl: 2 })
    await cache.set('b', 'x', { ttl: null })
    await clock.advance('1999ms')
    expect(await cache.get('a')).toBe('x')
    await clock.advance('1ms')
    expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 'x'])
  })

  it('stores tags, and refuses what is none', async () => {
    const own = new MemoryCache()
    const cache = new ApolloCache(own)
    await cache.set('a', 'x', { tags: ['one', 'two'] })
    await cache.set('b', 'x', { ttl: 60, tags: [] })
    await own.invalidateTag('two')
    expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 'x'])
    await expect(cache.set('a', 'x', { tags: [''] })).rejects.toThrow('a tag must not be empty')
    const wrong: { tags: string[] } = JSON.parse('{"tags":"one"}')
    await expect(cache.set('a', 'x', wrong)).rejects.toThrow(
      "ApolloCache: set: tags: 'one' is not a list of tags",
    )
    expect(await cache.get('a')).toBeUndefined()
  })

  onEachEngine(({ make }) => {
    it('answers as the cache in memory of Apollo does, behind its wrappers', async () => {
      const wrapped = (cache: KeyValueCache): KeyValueCache =>
        new PrefixingKeyValueCache(new ErrorsAreMissesCache(cache), 'apq:')
      const ours = wrapped(new ApolloCache(await make()))
      const theirs = wrapped(new InMemoryLRUCache())
      for (const key of ['a', '', '!', '\uD800', 'x'.repeat(5000)]) {
        for (const cache of [ours, theirs]) {
          expect(await cache.get(key)).toBeUndefined()
          await cache.set(key, `${key} kept`, { ttl: 60 })
          expect(await cache.get(key)).toBe(`${key} kept`)
          expect(await cache.delete(key)).toBe(true)
          expect(await cache.get(key)).toBeUndefined()
        }
      }
    })
  })

  it('logs a call that the cache refuses as a mistake, and not as a store in trouble', async () => {
    const logger = new RecordingLogger()
    const cache = new ApolloCache(new MemoryCache({ logger, tags: ['of the cache'] }))
    const tags = Array.from({ length: 32 }, (_, index) => `t${index}`)
    for (let n = 0; n < 2; n++) await cache.set('a', 'x', { tags })

    expect(await cache.get('a')).toBeUndefined()
    expect(logger.summary).toEqual(['warn: a call of apollo has failed'])
    expect(JSON.stringify(logger.lines)).toContain('ERR_CACHE_KEY')
  })

  it('answers misses over a cache that is closed', async () => {
    const own = new MemoryCache()
    const cache = new ApolloCache(own)
    await own.close()
    await cache.set('a', 'x')
    expect([await cache.get('a'), await cache.delete('a')]).toEqual([undefined, false])
  })

  onServers(({ make, outage }) => {
    it('answers misses while the server is away, and stores again when it is back', async () => {
      const cache = new ApolloCache(await make())
      await outage(async () => {
        for (let n = 0; n < 5; n++) {
          await cache.set(`a${n}`, 'x')
          expect(await cache.get(`b${n}`)).toBeUndefined()
          await cache.delete(`a${n}`)
        }
      })
      await until('it stores again', async () => {
        await cache.set('c', 'x')
        return (await cache.get('c')) === 'x'
      })
    })
  })
})
