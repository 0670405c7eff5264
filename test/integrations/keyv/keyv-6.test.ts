// Keyv 6 says that it needs Node.js 22. It runs on 20, too.
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { KeyvStore6 } from 'cachette/keyv'
import { FakeClock } from 'cachette/testing'
import { detectKeyvStorage, Keyv, type KeyvStorageAdapter } from 'keyv6'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

const LONG = 'x'.repeat(5000)
const ODD = [
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

describe('Keyv 6', () => {
  it('is given the store without a cast, and takes it as it is', () => {
    const store = new KeyvStore6(new MemoryCache())

    expectTypeOf<KeyvStore6>().toExtend<KeyvStorageAdapter>()
    expect(new Keyv({ store }).store).toBe(store)
    expect(store.capabilities).toEqual({ ...detectKeyvStorage(store), expires: true })
  })

  it('refuses what is no cache', () => {
    expect(() => new KeyvStore6({} as BaseCache)).toThrow(OptionsError)
    expect(() => new KeyvStore6({} as BaseCache)).toThrow('KeyvStore6: cache: {} is not a cache')
  })

  it('is told times rather than ttl', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock })
    const store = new KeyvStore6(cache)

    expect(await store.set('a', 'x', clock.wallNow() + 1500)).toBe(true)
    expect(await cache.ttl('a')).toBe(1.5)
    await clock.advance('1500ms')
    expect(await store.has('a')).toBe(false)

    await store.set('b', 'x')
    await store.set('b', 'y', clock.wallNow() - 1)
    expect(await store.get('b')).toBeUndefined()
  })

  onEachEngine(({ make }) => {
    it('keeps, tells, finds, counts and removes values', async () => {
      const cache = await make()
      const keyv = new Keyv({ store: new KeyvStore6(cache), namespace: 'n' })

      expect(await keyv.set('a', { deep: [1] }, 60_000)).toBe(true)
      expect(await keyv.get('a')).toEqual({ deep: [1] })
      expect(await cache.namespace('n').ttl('a')).toBeGreaterThan(59)
      expect(
        await keyv.setMany([
          { key: 'b', value: null },
          { key: 'c', value: 2, ttl: 60_000 },
        ]),
      ).toEqual([true, true])
      expect(await keyv.getMany(['c', 'missing', 'b'])).toEqual([2, undefined, null])
      expect(await keyv.has('a')).toBe(true)
      expect(await keyv.hasMany(['c', 'missing'])).toEqual([true, false])
      expect(await keyv.deleteMany(['c', 'missing'])).toEqual([true, false])
      expect(await keyv.delete('a')).toBe(true)
      expect(await keyv.get('a')).toBeUndefined()
    })

    it('keeps every key apart', async () => {
      const keyv = new Keyv({ store: new KeyvStore6(await make()), namespace: 'n' })
      for (const [index, key] of ODD.entries()) expect(await keyv.set(key, index)).toBe(true)
      expect(await keyv.getMany(ODD)).toEqual([...ODD.keys()])
    })

    it('clears only its own namespace, whatever its name', async () => {
      const cache = await make()
      const names = ['a', 'a:b', '{a}', '%{a}', '!a', LONG, 'aa']
      const all = names.map((namespace) => new Keyv({ store: new KeyvStore6(cache), namespace }))
      await cache.set('own', 1)
      for (const keyv of all) await keyv.set('k', keyv.namespace)
      for (const [index, keyv] of all.entries()) {
        await keyv.clear()
        expect(await keyv.get('k')).toBeUndefined()
        for (const later of all.slice(index + 1)) expect(await later.get('k')).toBe(later.namespace)
      }
      expect(await cache.get('own')).toBe(1)
    })

    it('yields the keys of its namespace', async () => {
      const cache = await make()
      const keyv = new Keyv({ store: new KeyvStore6(cache), namespace: 'n' })
      await new Keyv({ store: new KeyvStore6(cache), namespace: 'nn' }).set('other', 1)
      await keyv.set('a', 1)
      await keyv.set('b:c', 2)
      const seen = new Map<unknown, unknown>()
      for await (const [key, value] of keyv.iterator()) seen.set(key, value)
      expect(seen).toEqual(
        new Map([
          ['a', 1],
          ['b:c', 2],
        ]),
      )
    })

    it('keeps objects of a Keyv that does not serialize', async () => {
      const keyv = new Keyv({ store: new KeyvStore6(await make()), serialization: false })
      const value = { when: new Date(5), map: new Map([[1, 'a']]) }

      await keyv.set('a', value)

      expect(await keyv.get('a')).toEqual(value)
    })
  })

  onServers(({ make, outage }) => {
    it('answers misses while the server is away, and stores again when it is back', async () => {
      const keyv = new Keyv({ store: new KeyvStore6(await make()), namespace: 'n', throwOnErrors: true })
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
