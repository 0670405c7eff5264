import { describe, expect, it } from 'vitest'
import { NullCache } from '../../../src/testing/index.ts'
import { settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'

describe('NullCache', () => {
  it('keeps nothing', async () => {
    const cache = new NullCache()

    expect(await cache.set('a', 1)).toBe(true)
    expect(await cache.get('a')).toBe(undefined)
    expect(await cache.getMany(['a'])).toEqual(new Map())
    expect(await cache.has('a')).toBe(false)
    expect(await cache.delete('a')).toBe(false)
    expect(await cache.take('a')).toBe(undefined)
    expect(await cache.expire('a', 5)).toBe(false)
    expect([await cache.increment('a'), await cache.increment('a')]).toEqual([1, 1])
    expect(await cache.deleteByPrefix('')).toBe(0)
  })

  it('runs every load, and lets concurrent callers share it', async () => {
    const cache = new NullCache()
    let calls = 0
    const load = async (): Promise<number> => {
      calls++
      await settle()
      return calls
    }

    expect(await Promise.all([cache.getOrSet('a', load), cache.getOrSet('a', load)])).toEqual([1, 1])
    expect(await cache.getOrSet('a', load)).toBe(2)
  })

  it('refuses misuse as every cache does', async () => {
    expect(await failureOf(() => new NullCache().set('', 1))).toMatchObject({ code: 'ERR_CACHE_KEY' })
  })
})
