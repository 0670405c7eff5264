import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { unstorageDriver } from 'cachette/unstorage'
import { createStorage, type Driver } from 'unstorage'
import memoryDriver from 'unstorage/drivers/memory'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

const LONG = `base:${'x'.repeat(3000)}`

describe('unstorageDriver', () => {
  it('fits unstorage without a cast', () => {
    expectTypeOf<ReturnType<typeof unstorageDriver>>().toExtend<Driver>()
  })

  it('refuses what is no cache', () => {
    expect(() => unstorageDriver({} as BaseCache)).toThrow(OptionsError)
    expect(() => unstorageDriver({} as BaseCache)).toThrow('unstorageDriver: cache: {} is not a cache')
  })

  it('counts ttl in seconds', async () => {
    const clock = new FakeClock()
    const storage = createStorage({ driver: unstorageDriver(new MemoryCache({ clock })) })
    await storage.setItem('a', 1, { ttl: 1.5 })
    await storage.setItem('b', 1)
    expect(await storage.getMeta('a')).toMatchObject({ ttl: 1.5 })
    await clock.advance('1499ms')
    expect(await storage.hasItem('a')).toBe(true)
    await clock.advance('1ms')
    expect([await storage.getItem('a'), await storage.getItem('b')]).toEqual([null, 1])
  })

  onEachEngine(({ make }) => {
    it('answers as the driver in memory does', async () => {
      const ours = createStorage({ driver: unstorageDriver(await make()) })
      const theirs = createStorage({ driver: memoryDriver() })
      const both = async (ask: (storage: typeof ours) => Promise<unknown>): Promise<void> => {
        expect(await ask(ours)).toEqual(await ask(theirs))
      }
      const values = ['text', 5, true, { deep: [1, { a: null }] }, '5']
      for (const [index, value] of values.entries())
        await both(async (s) => s.setItem(`base:k${index}`, value))
      await both(async (s) => s.setItem('other:k', 1))
      await both(async (s) => s.setItem(LONG, 'long'))
      await both(async (s) => s.setItemRaw('base:raw', new Uint8Array([0, 255, 7])))
      for (const [index] of values.entries()) await both(async (s) => s.getItem(`base:k${index}`))
      await both(async (s) => s.getItem(LONG))
      await both(async (s) => new Uint8Array((await s.getItemRaw<Uint8Array>('base:raw'))!))
      await both(async (s) => s.getItems(['base:k0', 'base:none', 'base:k3']))
      await both(async (s) => s.getItem('base:none'))
      await both(async (s) => s.hasItem('base:k1'))
      await both(async (s) => (await s.getKeys('base')).filter((key) => key !== LONG).sort())
      await both(async (s) => (await s.getKeys('none')).sort())
      for (const odd of ['!x', '%', '\uD800', 'x'.repeat(3000)]) {
        await both(async (s) => s.getKeys(odd))
        await both(async (s) => s.setItem(`${odd}:a`, 1))
        await both(async (s) => s.getItem(`${odd}:a`))
        // Such a key is kept under a hash, and not listed.
        expect(await ours.getKeys(odd)).toEqual([])
        await both(async (s) => s.removeItem(`${odd}:a`))
      }
      await both(async (s) =>
        s.setItems([
          { key: 'many:a', value: 1 },
          { key: 'many:b', value: 2 },
        ]),
      )
      await both(async (s) => (await s.getKeys('many')).sort())
      await both(async (s) => s.removeItem('base:k0'))
      await both(async (s) => s.getItem('base:k0'))
      await both(async (s) => s.clear('base'))
      await both(async (s) => [await s.getItem(LONG), await s.getItem('base:k1'), await s.getItem('other:k')])
      await both(async (s) => s.clear())
      await both(async (s) => s.getKeys())
    })
  })

  onServers(({ make, outage }) => {
    it('answers null while the server is away, and stores again when it is back', async () => {
      const storage = createStorage({ driver: unstorageDriver(await make()) })
      await storage.setItem('a', 1)
      await outage(async () => {
        for (let n = 0; n < 5; n++) {
          await storage.setItem(`b${n}`, n)
          expect(await storage.getItem(`c${n}`)).toBeNull()
          await storage.removeItem(`b${n}`)
          await storage.getKeys()
        }
        await storage.clear()
      })
      await until('it stores again', async () => {
        await storage.setItem('d', 4)
        return (await storage.getItem('d')) === 4
      })
      expect(await storage.getItem('a')).toBeNull()
    })
  })
})
