import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { ocacheStorage } from 'cachette/ocache'
import { FakeClock } from 'cachette/testing'
import { defineCachedFunction, type StorageInterface } from 'ocache'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

describe('ocacheStorage', () => {
  it('fits ocache without a cast', () => {
    expectTypeOf<ReturnType<typeof ocacheStorage>>().toExtend<StorageInterface>()
  })

  it('refuses what is no cache', () => {
    expect(() => ocacheStorage({} as BaseCache)).toThrow(OptionsError)
    expect(() => ocacheStorage({} as BaseCache)).toThrow('ocacheStorage: cache: {} is not a cache')
  })

  it('counts ttl in seconds', async () => {
    const clock = new FakeClock()
    const storage = ocacheStorage(new MemoryCache({ clock }))
    await storage.set('a', 1, { ttl: 1.5 })
    await clock.advance('1499ms')
    expect(await storage.get('a')).toBe(1)
    await clock.advance('1ms')
    expect(await storage.get('a')).toBeNull()
  })

  onEachEngine(({ make }) => {
    it('keeps what cached functions return, until they are invalidated', async () => {
      const storage = ocacheStorage(await make())
      let calls = 0
      const find = defineCachedFunction(
        async (id: string) => ({ id, calls: ++calls, bytes: new Uint8Array([0, 255]) }),
        { storage, name: 'find', maxAge: 60, getKey: (id) => id },
      )
      const first = await find('x'.repeat(3000))
      expect(first.calls).toBe(1)
      await until('it is kept', async () => {
        const again = await find('x'.repeat(3000))
        return again.calls === calls && calls < 50
      })
      const kept = await find('x'.repeat(3000))
      expect([...kept.bytes]).toEqual([0, 255])
      const before = calls
      await find.invalidate('x'.repeat(3000))
      expect((await find('x'.repeat(3000))).calls).toBe(before + 1)
    })

    it('removes what is set to null', async () => {
      const storage = ocacheStorage(await make())
      await storage.set('a', { deep: new Date(5) })
      expect(await storage.get('a')).toEqual({ deep: new Date(5) })
      await storage.set('a', null)
      expect(await storage.get('a')).toBeNull()
    })
  })

  onServers(({ make, outage }) => {
    it('lets functions run while the server is away, and keeps again afterwards', async () => {
      let calls = 0
      const find = defineCachedFunction(async (id: string) => `${id} ${++calls}`, {
        storage: ocacheStorage(await make()),
        name: 'away',
        maxAge: 60,
        getKey: (id) => id,
      })
      await find('a')
      await outage(async () => {
        for (let n = 0; n < 5; n++) expect(await find(`b${n}`)).toContain(`b${n}`)
      })
      await until('it keeps again', async () => (await find('c')) === (await find('c')))
    })
  })
})
