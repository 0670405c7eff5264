import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { KeyvStore } from 'cachette/keyv'
import { FakeClock } from 'cachette/testing'
import { createCache as createCacheManager } from 'cache-manager'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

const LONG = 'x'.repeat(5000)
/** Keys that a cache refuses, and keys that look like what the store makes of keys. */
const ODD = [
  '',
  '!',
  '!lease:a',
  'a!lock:b',
  '%',
  '%a',
  '%:a',
  '\uD800',
  '\uD801',
  'keyv',
  '*',
  '{a}',
  LONG,
  `${LONG}y`,
]

describe('Keyv 5', () => {
  it('is given the store without a cast', () => {
    expectTypeOf<KeyvStore>().toExtend<KeyvStoreAdapter>()
  })

  it('refuses what is no cache', () => {
    expect(() => new KeyvStore({} as BaseCache)).toThrow(OptionsError)
    expect(() => new KeyvStore({} as BaseCache)).toThrow('KeyvStore: cache: {} is not a cache')
    expect(() => new KeyvStore(undefined as unknown as BaseCache)).toThrow(OptionsError)
  })

  it('counts ttl in milliseconds', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock })
    const keyv = new Keyv({ store: new KeyvStore(cache) })

    await keyv.set('a', 1, 1500)

    expect(await cache.ttl('keyv:a')).toBe(1.5)
    await clock.advance('1499ms')
    expect(await cache.has('keyv:a')).toBe(true)
    await clock.advance('1ms')
    expect(await cache.has('keyv:a')).toBe(false)
  })

  it('leaves the ttl to the cache if Keyv has none, and stores nothing for a ttl that is over', async () => {
    const cache = new MemoryCache({ ttl: '1h' })
    const keyv = new Keyv({ store: new KeyvStore(cache) })

    await keyv.set('a', 1)
    await keyv.set('b', 1, 0)
    await keyv.set('c', 1)
    await keyv.set('c', 2, -1)

    expect(await cache.ttl('keyv:a')).toBeCloseTo(3600, 0)
    expect(await cache.ttl('keyv:b')).toBeCloseTo(3600, 0)
    expect(await cache.has('keyv:c')).toBe(false)
  })

  onEachEngine(({ make }) => {
    it('keeps every key apart, with and without the prefix of Keyv', async () => {
      const cache = await make()
      for (const useKeyPrefix of [true, false]) {
        const keyv = new Keyv({ store: new KeyvStore(cache), namespace: `n${useKeyPrefix}`, useKeyPrefix })
        const keys = [...ODD, 'ntrue', 'nfalse', ...(useKeyPrefix ? [] : ['nfalse:a', 'a'])]
        for (const [index, key] of keys.entries()) expect(await keyv.set(key, index)).toBe(true)
        for (const [index, key] of keys.entries()) expect([key, await keyv.get(key)]).toEqual([key, index])
        expect(await keyv.getMany(keys)).toEqual([...keys.keys()])
        expect(await keyv.hasMany(keys)).toEqual(keys.map(() => true))
      }
    })

    it('clears only its own namespace, whatever its name', async () => {
      const cache = await make()
      const names = ['a', 'a:b', '{a}', '%{a}', '!a', LONG, 'aa']
      const all = names.map((namespace) => new Keyv({ store: new KeyvStore(cache), namespace }))
      await cache.set('own', 1)
      for (const keyv of all) await keyv.set('k', keyv.namespace)
      for (const [index, keyv] of all.entries()) {
        expect(await keyv.get('k')).toBe(names[index])
        await keyv.clear()
        expect(await keyv.get('k')).toBeUndefined()
        for (const later of all.slice(index + 1)) expect(await later.get('k')).toBe(later.namespace)
      }
      expect(await cache.get('own')).toBe(1)
    })

    it('answers several writes one by one', async () => {
      const keyv = new Keyv({ store: new KeyvStore(await make()) })

      expect(
        await keyv.setMany([
          { key: 'a', value: 1 },
          { key: 'b', value: 2, ttl: 60_000 },
        ]),
      ).toEqual([true, true])
      expect(await keyv.getMany(['b', 'missing', 'a'])).toEqual([2, undefined, 1])
      expect(await keyv.hasMany(['b', 'missing', 'a'])).toEqual([true, false, true])
      expect(await keyv.deleteMany(['a', 'missing'])).toBe(false)
      expect(await keyv.deleteMany(['b'])).toBe(true)
    })

    it('yields the keys of Keyv, without its prefix too', async () => {
      const cache = await make()
      for (const useKeyPrefix of [true, false]) {
        const keyv = new Keyv({ store: new KeyvStore(cache), namespace: `i${useKeyPrefix}`, useKeyPrefix })
        await keyv.set('a', 1)
        await keyv.set('b:c', { deep: [2] })
        const seen: unknown[] = []
        for await (const pair of keyv.iterator!(undefined)) seen.push(pair)
        expect(seen).toHaveLength(2)
        expect(new Map(seen as [string, unknown][])).toEqual(
          new Map<string, unknown>([
            ['a', 1],
            ['b:c', { deep: [2] }],
          ]),
        )
      }
    })

    it('keeps objects of a Keyv that does not serialize', async () => {
      const keyv = new Keyv({ store: new KeyvStore(await make()) })
      keyv.serialize = undefined
      keyv.deserialize = undefined
      const value = { when: new Date(5), map: new Map([[1, 'a']]) }

      await keyv.set('a', value)

      expect(await keyv.get('a')).toEqual(value)
    })

    it('serves cache-manager 7', async () => {
      const cache = await make()
      const manager = createCacheManager({ stores: [new Keyv({ store: new KeyvStore(cache) })] })
      let loads = 0
      const load = async () => ({ n: ++loads })

      expect(await manager.wrap('a', load, 60_000)).toEqual({ n: 1 })
      expect(await manager.wrap('a', load, 60_000)).toEqual({ n: 1 })
      expect(await cache.ttl('keyv:a')).toBeGreaterThan(59)
      expect(
        await manager.mset([
          { key: 'b', value: 1 },
          { key: 'c', value: 2 },
        ]),
      ).toBeDefined()
      expect(await manager.mget(['b', 'x', 'c'])).toEqual([1, undefined, 2])
      expect(await manager.ttl('a')).toBeGreaterThan(0)
      await manager.mdel(['b', 'c'])
      expect(await manager.get('b')).toBeUndefined()
      await manager.clear()
      expect(await manager.get('a')).toBeUndefined()
    })
  })

  onServers(({ make, outage }) => {
    it('answers misses while the server is away, and stores again when it is back', async () => {
      const keyv = new Keyv({ store: new KeyvStore(await make()), throwOnErrors: true })
      const errors: unknown[] = []
      keyv.on('error', (error) => errors.push(error))
      await keyv.set('a', 1)

      await outage(async () => {
        for (let n = 0; n < 20; n++) {
          await keyv.set(`b${n}`, n)
          await keyv.get(`c${n}`)
          await keyv.getMany(['a', 'b'])
          await keyv.delete(`b${n}`)
          await keyv.has('a')
        }
        await keyv.clear()
      })

      await until('it stores again', async () => (await keyv.set('d', 4)) && (await keyv.get('d')) === 4)
      expect(await keyv.get('a')).toBeUndefined()
      expect(errors).toEqual([])
    })
  })
})
