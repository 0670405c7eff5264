import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect } from 'vitest'
import type { BaseCache, LoadContext } from '../../../../src/index.ts'
import { failureOf } from '../../../support/error-of.ts'
import { Stage, timeline, type Engine } from './stage.ts'

/** The things that a loader may say, and the things that are loaded on demand. */
export function contextTimelines(engine: Engine): void {
  describe(`the context of a loader before ${engine.name}`, () => {
    timeline(engine, 'names the key, and may be destructured', async () => {
      const stage = new Stage(engine, { prefix: 'app:' })
      const users = stage.cache().namespace('user', { keyVersion: 2 })
      const seen: unknown[] = []
      await users.getOrSet('7', ({ key, signal, stale, setTtl }) => {
        setTtl(5)
        seen.push(key, signal.aborted, stale)
        return 1
      })

      expect(seen).toEqual(['7', false, undefined])
      expect(await stage.ttl(users, '7')).toBe(5)
    })

    // A node that shares entries knows of a tag since when it is what it is, once it follows them: from its first on.
    const followTags = async (stage: Stage, cache: BaseCache): Promise<void> => {
      await cache.set('first', 1, { tags: ['first'] })
      await stage.until(0)
    }

    timeline(engine, 'sets ttl, grace and tags of the entry, over all defaults', async () => {
      const stage = new Stage(engine, {
        ttl: 100,
        jitter: 0.5,
        negativeTtl: 50,
        tags: ['always'],
        random: () => 0.9,
      })
      const cache = stage.cache()
      const load = ({ setTtl, setGrace, setTags }: LoadContext): null => {
        setTtl('2s')
        setGrace('3s')
        setTags(['named'])
        return null
      }
      await followTags(stage, cache)
      await cache.getOrSet('a', load)
      await cache.getOrSet('b', load)
      expect(await stage.ttl(cache, 'a')).toBe(2)
      await cache.invalidateTag('named')
      expect(await cache.get('a')).toBe(undefined)
      await cache.getOrSet('a', load)
      await stage.until(2000)
      expect(await cache.get('a')).toBe(undefined)
      expect(await cache.get('a', { stale: true })).toBe(null)
      await cache.invalidateTag('always')
      expect(await cache.get('a', { stale: true })).toBe(undefined)
    })

    timeline(engine, 'refuses nonsense, and the load fails with that', async () => {
      const cache = new Stage(engine).cache()
      for (const say of [
        ({ setTtl }: LoadContext) => setTtl('soon'),
        ({ setGrace }: LoadContext) => setGrace('junk'),
        ({ setRowVersion }: LoadContext) => setRowVersion(-1),
        ({ notModified }: LoadContext) => notModified(),
      ])
        expect(await failureOf(() => cache.getOrSet('k', say as never))).toMatchObject({
          code: 'ERR_CACHE_OPTIONS',
        })
    })

    timeline(
      engine,
      'has the last word on a tag that was invalidated during the load: nothing old is stored or shared',
      async () => {
        const stage = new Stage(engine)
        const cache = stage.cache()
        const load = stage.loader({ says: ({ setTags }) => setTags(['named']) })
        await followTags(stage, cache)
        void stage.caller('before', () => cache.getOrSet('k', load))
        await stage.until(20)
        stage.version = 2
        await cache.invalidateTag('named')
        void stage.caller('after', () => cache.getOrSet('k', load))
        await stage.until(50)
        await stage.caller('get', () => cache.get('k'))
        await stage.until(200)
        await stage.caller('get', () => cache.get('k'))

        stage.saw(
          '0 query 1',
          '50 before: v1',
          '50 query 2',
          '50 get: undefined',
          '100 after: v2',
          '200 get: v2',
        )
      },
    )

    timeline(engine, 'may say that nothing is to be stored', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache()
      const load = stage.loader({ says: ({ doNotStore }) => doNotStore() })
      for (const name of ['a', 'b']) void stage.caller(name, () => cache.getOrSet('k', load))
      await stage.until(100)
      void stage.caller('c', () => cache.getOrSet('k', load))
      await stage.until(200)

      stage.saw('0 query 1', '50 a: v1', '50 b: v1', '100 query 2', '150 c: v1')
      expect(cache.stats()).toMatchObject({ writes: 0, refusedFills: 0 })
    })

    timeline(engine, 'may name a row version that is outdated, and all callers get the value', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache()
      const load = stage.loader({ says: ({ setRowVersion }) => setRowVersion(2) })
      await cache.invalidate('k', { rowVersion: 4 })
      for (const name of ['a', 'b']) void stage.caller(name, () => cache.getOrSet('k', load))
      await stage.until(100)

      stage.saw('0 query 1', '50 a: v1', '50 b: v1')
      expect(await cache.get('k')).toBe(undefined)
      expect(cache.stats()).toMatchObject({ loads: 1, writes: 0, refusedFills: 1 })
    })

    timeline(engine, 'may say that the stale value is still right, and it is fresh again', async () => {
      const stage = new Stage(engine, { ttl: 1, grace: 60, softTimeout: 1, tags: ['t'] })
      const cache = stage.cache()
      const seen: unknown[] = []
      await cache.set('k', { etag: 'x' })
      await stage.until(2000)
      const value = await cache.getOrSet<unknown>('k', ({ stale, notModified }) => {
        seen.push(stale)
        return notModified()
      })

      expect([value, seen, await cache.get('k'), await stage.ttl(cache, 'k')]).toEqual([
        { etag: 'x' },
        [{ etag: 'x' }],
        { etag: 'x' },
        1,
      ])
      await cache.invalidateTag('t')
      expect(await cache.get('k', { stale: true })).toBe(undefined)
    })

    timeline(engine, 'may say so of null, which is fresh for the ttl of null', async () => {
      const stage = new Stage(engine, { ttl: 100, negativeTtl: 5, grace: 60, softTimeout: 1 })
      const cache = stage.cache()
      const unchanged = async ({ notModified }: LoadContext): Promise<ReturnType<typeof notModified>> =>
        notModified()
      await cache.getOrSet('k', () => null)
      await cache.invalidate('k', { keepStale: true })
      expect(await cache.getOrSet<unknown>('k', unchanged)).toBe(null)
      expect(await stage.ttl(cache, 'k')).toBe(5)
      expect(await cache.refresh<unknown>('k', unchanged)).toBe(null)
    })

    timeline(engine, 'makes nothing fresh again that was invalidated meanwhile', async () => {
      const stage = new Stage(engine, { ttl: 1, grace: 60, softTimeout: 1 })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      const load = async ({ notModified }: LoadContext): Promise<ReturnType<typeof notModified>> => {
        await stage.wait(50)
        return notModified()
      }
      void stage.caller('a', () => cache.getOrSet<unknown>('k', load))
      await stage.until(2020)
      await cache.delete('k')
      await stage.until(2100)

      stage.saw('2050 a: v0')
      expect(await cache.get('k', { stale: true })).toBe(undefined)
      expect(cache.stats().refusedFills).toBe(1)
    })

    timeline(engine, 'knows the fresh value that is loaded ahead or by force', async () => {
      const stage = new Stage(engine, { ttl: 10, refreshAhead: 0.5 })
      const cache = stage.cache()
      const seen: unknown[] = []
      await cache.set('k', 'v0')
      await stage.until(6000)
      const load = ({ stale }: LoadContext): string => (seen.push(stale), `after ${String(stale)}`)
      await cache.getOrSet('k', load)
      await stage.until(6000)
      await cache.refresh('k', load)

      expect(seen).toEqual(['v0', 'after v0'])
      expect(await cache.get('k')).toBe('after after v0')
    })
  })

  describe(`the life of a loaded value in ${engine.name}`, () => {
    timeline(engine, 'varies by the jitter, both ways', async () => {
      const ttls = []
      for (const random of [0, 0.5, 0.999]) {
        const stage = new Stage(engine, { ttl: 100, jitter: 0.1, random: () => random })
        const cache = stage.cache()
        await cache.getOrSet('k', () => 1)
        await cache.set('set', 1)
        ttls.push(Math.round((await cache.ttl('k'))!), await stage.ttl(cache, 'set'))
      }

      expect(ttls).toEqual([90, 100, 100, 100, 110, 100])
    })

    timeline(engine, 'is its own for null, or none', async () => {
      const stage = new Stage(engine, { ttl: 100, negativeTtl: 5 })
      const cache = stage.cache()
      await cache.getOrSet('a', () => null)
      await cache.getOrSet('b', () => 1)
      expect([await stage.ttl(cache, 'a'), await stage.ttl(cache, 'b')]).toEqual([5, 100])
      expect(await cache.getOrSet('c', () => null, { negativeTtl: false })).toBe(null)
      expect(await cache.get('c')).toBe(undefined)
      await cache.getOrSetMany(['d', 'e'], () => ({ d: null, e: 1 }))
      expect([await stage.ttl(cache, 'd'), await stage.ttl(cache, 'e')]).toEqual([5, 100])
    })

    // The tier differs; tests of tiers look at theirs.
    if (engine.tier === undefined)
      timeline(engine, 'skips the tier that is to be skipped', async () => {
        const stage = new Stage(engine)
        const cache = stage.cache()
        await cache.set('k', 'set')
        void stage.caller('read', () =>
          cache.getOrSet('k', stage.loader(), { skipRead: 'l1', skipWrite: 'l1' }),
        )
        void stage.caller('other tier', () => cache.getOrSet('k', stage.loader(), { skipRead: 'l2' }))
        await stage.until(100)
        await stage.caller('get', () => cache.get('k'))
        await stage.caller('get', () => cache.get('k', { skipRead: 'l1' }))

        stage.saw('0 query 1', '0 other tier: set', '50 read: v1', '100 get: set', '100 get: undefined')
        expect(cache.stats().refusedFills).toBe(0)
      })
  })

  describe(`a forced load before ${engine.name}`, () => {
    timeline(engine, 'takes the place of the load that is under way', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache()
      void stage.caller('slow', () => cache.getOrSet('k', stage.loader({ takesMs: 300 })))
      await stage.until(20)
      stage.version = 2
      void stage.caller('forced', () => cache.getOrSet('k', stage.loader(), { forceRefresh: true }))
      void stage.caller('refresh', () => cache.refresh('k', stage.loader()))
      await stage.until(60)
      void stage.caller('joins', () => cache.getOrSet('k', stage.loader()))
      await stage.until(400)
      await stage.caller('get', () => cache.get('k'))

      const events = stage.events
      expect(events).toContain('70 joins: v2')
      expect(events).toContain('70 forced: v2')
      expect(events).toContain('70 refresh: v2')
      expect(events).toContain('300 slow: v1')
      expect(events).toContain('400 get: v2')
    })

    timeline(engine, 'takes the place of one in another process', async () => {
      const stage = new Stage(engine)
      const [one, two] = [stage.cache(), stage.cache()]
      void stage.caller('slow', () => one.getOrSet('k', stage.loader({ takesMs: 300 })))
      await stage.until(20)
      stage.version = 2
      void stage.caller('forced', () => two.refresh('k', stage.loader()))
      await stage.until(400)
      await stage.caller('get', () => one.get('k'))

      stage.saw('0 query 1', '20 query 2', '70 forced: v2', '300 slow: v1', '400 get: v2')
    })

    timeline(engine, 'fails when its loader does, and leaves what is stored', async () => {
      const stage = new Stage(engine, { ttl: 10, grace: 60 })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      void stage.caller('refresh', () => cache.refresh('k', stage.loader({ fails: 'down' })))
      await stage.until(100)
      await stage.caller('get', () => cache.get('k'))

      stage.saw('0 query 1', '50 refresh: Error: down', '100 get: v0')
    })
  })

  describe(`several keys of ${engine.name}`, () => {
    timeline(
      engine,
      'are served stale at once, refreshed by one call of the loader, and the rest is waited for',
      async () => {
        const stage = new Stage(engine, { ttl: 1, grace: 60 })
        const cache = stage.cache()
        const asked: (readonly string[])[] = []
        const load = async (keys: readonly string[]): Promise<Record<string, string>> => {
          asked.push(keys)
          await stage.wait(50)
          return Object.fromEntries(keys.map((key) => [key, `new ${key}`]))
        }
        await cache.setMany({ a: 'old a', b: 'old b' })
        await stage.until(2000)
        await cache.set('c', 'fresh c')
        void stage.caller('stale', () => cache.getOrSetMany(['a', 'b', 'c'], load))
        await stage.until(2000)
        void stage.caller('mixed', () => cache.getOrSetMany(['a', 'd'], load))
        await stage.until(2100)
        await stage.caller('after', () => cache.getOrSetMany(['a', 'b', 'c', 'd'], load))

        stage.saw(
          '2000 stale: {"a":"old a","b":"old b","c":"fresh c"}',
          '2050 mixed: {"a":"old a","d":"new d"}',
          '2100 after: {"a":"new a","b":"new b","c":"fresh c","d":"new d"}',
        )
        expect(asked).toEqual([['a', 'b'], ['d']])
      },
    )

    timeline(engine, 'wait as long as softTimeout says where something is stale', async () => {
      const stage = new Stage(engine, { ttl: 1, grace: 60, softTimeout: 0.1 })
      const cache = stage.cache()
      const load = async (keys: readonly string[]): Promise<Record<string, string>> => {
        await stage.wait(500)
        return Object.fromEntries(keys.map((key) => [key, `new ${key}`]))
      }
      await cache.setMany({ a: 'old a', b: 'old b' })
      await stage.until(2000)
      void stage.caller('stale', () => cache.getOrSetMany(['a', 'b'], load))
      await stage.until(2600)
      await cache.invalidate(['a'], { keepStale: true })
      void stage.caller('mixed', () => cache.getOrSetMany(['a', 'x'], load))
      await stage.until(3200)

      stage.saw('2100 stale: {"a":"old a","b":"old b"}', '3100 mixed: {"a":"new a","x":"new x"}')
    })

    timeline(engine, 'are loaded beforehand where they are missing, a few at a time', async () => {
      const stage = new Stage(engine, { ttl: 60 })
      const cache = stage.cache()
      await cache.set('there', 'v0')
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
      let most = 0
      const load = async ({ key }: LoadContext): Promise<string> => {
        most = Math.max(most, ++stage.underWay)
        await stage.wait(10)
        stage.underWay--
        if (key === 'k3') throw new Error('down')
        return key
      }
      const warming = cache.warm([...keys, 'there'].map((key) => [key, load] as const))
      await stage.until(100)

      expect(await warming).toBe(19)
      expect(most).toBe(8)
      expect((await cache.getMany(keys)).size).toBe(19)
      expect(await cache.get('there')).toBe('v0')
      expect(await cache.warm({ k3: 'value', k4: 'value' }, 5)).toBe(1)
      expect([await cache.get('k3'), await stage.ttl(cache, 'k3'), await cache.get('k4')]).toEqual([
        'value',
        5,
        'k4',
      ])
    })
  })

  describe(`versions of rows in ${engine.name}`, () => {
    timeline(engine, 'keep out what is older', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache()
      const full = { result: 'full' } as const
      expect(await cache.set('k', 'five', { rowVersion: 5n, ...full })).toEqual({ stored: true })
      expect(await cache.set('k', 'four', { rowVersion: 4, ...full })).toEqual({
        stored: false,
        reason: 'outdated',
      })
      expect(await cache.set('k', 'four', { rowVersion: 4 })).toBe(false)
      expect(await cache.set('k', 'five again', { rowVersion: 5 })).toBe(true)
      await cache.getOrSet('k', ({ setRowVersion }) => (setRowVersion(4), 'loaded'), { forceRefresh: true })
      expect(await cache.get('k')).toBe('five again')
      expect(await cache.set('k', 'any')).toBe(true)
      expect(await cache.set('k', 'one', { rowVersion: 1 })).toBe(true)
      expect(await cache.set('k', () => 1, full)).toEqual({ stored: false, reason: 'unstorable' })
    })

    timeline(
      engine,
      'are left behind for a minute by an invalidation, which spares what is newer',
      async () => {
        const stage = new Stage(engine)
        const cache = stage.cache()
        await cache.set('k', 'seven', { rowVersion: 7 })
        await cache.invalidate('k', { rowVersion: 6 })
        expect(await cache.get('k')).toBe('seven')
        await cache.invalidate('k', { rowVersion: 8 })
        expect(await cache.get('k')).toBe(undefined)
        expect(await cache.getOrSet('k', () => 'seven', { rowVersion: 7 })).toBe('seven')
        expect(await cache.get('k')).toBe(undefined)
        expect(await cache.set('k', 'eight', { rowVersion: 8 })).toBe(true)
        await cache.invalidate('k', { rowVersion: 9 })
        await stage.until(60_000)
        expect(await cache.set('k', 'eight', { rowVersion: 8 })).toBe(true)
      },
    )
  })

  describe(`the async context of a load before ${engine.name}`, () => {
    const request = new AsyncLocalStorage<string>()

    timeline(engine, 'is none in the background', async () => {
      const stage = new Stage(engine, { ttl: 1, grace: 60 })
      const cache = stage.cache()
      const seen: unknown[] = []
      const load = async (): Promise<number> => {
        seen.push(request.getStore())
        await stage.wait(10)
        seen.push(request.getStore())
        return 1
      }
      void request.run('the first', () => cache.getOrSet('k', load))
      await stage.until(2000)
      await request.run('the second', () => cache.getOrSet('k', load))
      await request.run('the third', () => cache.getOrSetMany(['k'], () => ({ k: 1 })))
      await stage.until(2100)

      expect(seen).toEqual(['the first', 'the first', undefined, undefined])
    })
  })

  describe(`defaults of ${engine.name}`, () => {
    timeline(
      engine,
      'are those of the cache, then those of the namespace, then those of the call',
      async () => {
        const stage = new Stage(engine, { ttl: 1, grace: 5 })
        const cache = stage.cache()
        const inherits = cache.namespace('a', { ttl: 2 })
        const without = cache.namespace('b', { grace: false })
        for (const each of [cache, inherits, without]) await each.set('k', 'v0')
        await without.set('own', 'v0', { grace: 1 })
        await stage.until(1500)
        const get = (each: typeof cache, key = 'k'): Promise<unknown> => each.get(key, { stale: true })
        expect(await Promise.all([get(cache), get(inherits), get(without), get(without, 'own')])).toEqual([
          'v0',
          'v0',
          undefined,
          'v0',
        ])
        await stage.until(6500)
        expect(await Promise.all([get(cache), get(inherits)])).toEqual([undefined, 'v0'])
      },
    )
  })
}
