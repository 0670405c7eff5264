import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache, type CacheOptions } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { failureOf } from '../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'

// The memory of a process for keys that it does not store is bounded; the oldest goes first.

const ENGINES: Readonly<Record<string, (options: CacheOptions) => BaseCache>> = {
  MemoryCache: (options) => new MemoryCache(options),
  'a cache over primitives': (options) => new OwnCache(mapPrimitives(), options),
}
const SILENT = { warn: () => undefined, error: () => undefined }

describe.each(Object.entries(ENGINES))('what is remembered in %s', (_, make) => {
  const failing = (): never => {
    throw new Error('down')
  }

  it('of failed loads is 10,000 cool-downs', async () => {
    const cache = make({ clock: new FakeClock(), logger: SILENT, loadErrorTtl: '1h' })
    for (let n = 0; n < 10_001; n++) await failureOf(() => cache.getOrSet(`k${n}`, failing))
    const cooling = { code: 'ERR_CACHE_LOAD_COOLDOWN' }
    expect(await failureOf(() => cache.getOrSet('k10000', failing))).toMatchObject(cooling)
    expect(await failureOf(() => cache.getOrSet('k1', failing))).toMatchObject(cooling)
    expect(await cache.getOrSet('k0', () => 'loaded')).toBe('loaded')
    await cache.close()
  })

  it('of invalidated row versions is 100,000 floors', async () => {
    const cache = make({ clock: new FakeClock(), logger: SILENT })
    const keys = Array.from({ length: 100_001 }, (__, n) => `k${n}`)
    await cache.invalidate(keys, { rowVersion: 5 })
    expect(await cache.set('k100000', 'old', { rowVersion: 4 })).toBe(false)
    expect(await cache.set('k1', 'old', { rowVersion: 4 })).toBe(false)
    expect(await cache.set('k0', 'old', { rowVersion: 4 })).toBe(true)
    await cache.close()
  })

  it('of values that can not be stored is a number for each of a few kinds', async () => {
    const cache = make({ logger: SILENT })
    for (let n = 0; n < 200; n++) {
      const name = `Type${n}`
      const type = {
        [name]: class {
          readonly n = n
        },
      }[name]!
      expect(await cache.set('k', new type())).toBe(false)
    }
    const { unstorable } = cache.stats()
    expect(Object.keys(unstorable).length).toBeLessThan(110)
    expect(Object.values(unstorable).reduce((sum, count) => sum + count, 0)).toBe(200)
    await cache.close()
  })
})
