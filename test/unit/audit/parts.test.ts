import { describe, expect, test } from 'vitest'
import { MemoryCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { scopeOf } from '../../../src/cache/base-cache.ts'
import { Fingerprints } from '../../../src/audit/fingerprint.ts'
import { shareOf } from '../../../src/audit/interval.ts'
import { Sampling } from '../../../src/audit/sampling.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

describe('a share', () => {
  test('has the interval of Wilson', () => {
    const { ratio, low, high } = shareOf(100, 5)
    expect(ratio).toBe(0.95)
    expect(low).toBeCloseTo(0.8882, 4)
    expect(high).toBeCloseTo(0.9785, 4)
  })

  test('is known by the rule of three if nothing was wrong', () => {
    expect(shareOf(300, 0)).toMatchObject({ ratio: 1, high: 1, atLeast: 0.99 })
    expect(shareOf(2, 0).atLeast).toBe(0)
    expect(shareOf(4, 4)).toMatchObject({ ratio: 0, low: 0 })
    expect(shareOf(0, 0)).toEqual({ ratio: undefined, low: 0, high: 1, atLeast: 0 })
  })
})

describe('sampling', () => {
  test.each([1, 10, 1_000])('takes as many hits as loads are allowed: %i hits a second', async (hits) => {
    const clock = new FakeClock()
    const sampling = new Sampling(clock, new SeededRandom(7).next, 0.2)
    let taken = 0
    for (let second = 0; second < 500; second++) {
      for (let hit = 0; hit < hits; hit++) {
        if (!sampling.takes()) continue
        taken++
        sampling.spend()
      }
      await clock.advance('1s')
    }
    expect(taken).toBeLessThanOrEqual(101)
    expect(taken).toBeGreaterThan(60)
  })

  test('pays back loads that a check has needed beyond the first', async () => {
    const clock = new FakeClock()
    const sampling = new Sampling(clock, () => 0, 1)
    expect(sampling.takes()).toBe(true)
    for (let load = 0; load < 3; load++) sampling.spend()
    const waits = []
    for (let second = 1; second <= 4; second++) {
      await clock.advance('1s')
      waits.push(sampling.takes())
    }
    expect(waits).toEqual([false, false, true, true])
  })
})

describe('a fingerprint', () => {
  class Point {
    readonly x: number
    constructor(x: number) {
      this.x = x
    }
  }

  async function same(cached: unknown, loaded: unknown, options = {}): Promise<boolean> {
    const cache = new MemoryCache(options)
    const { store } = scopeOf(cache)!.runtime
    const prints = new Fingerprints(store)
    const { stored } = store.admit(cached)
    await cache.close()
    return prints.ofStored(stored!, '') === prints.ofLoaded(loaded, '')
  }

  test.each<[string, unknown, unknown, boolean]>([
    ['properties in another order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['a property of undefined', { a: 1 }, { a: 1, b: undefined }, true],
    ['dates', new Date(5), new Date(5), true],
    ['a date and its text', new Date(5), new Date(5).toISOString(), false],
    ['a number and its text', 5, '5', false],
    ['a map and an object', new Map([['a', 1]]), { a: 1 }, false],
    ['null', null, null, true],
    ['nothing', 1, undefined, false],
  ])('of %s', async (_, cached, loaded, isSame) => {
    expect(await same(cached, loaded)).toBe(isSame)
  })

  test('is none of an error, whose stack differs in each load', async () => {
    await expect(same(new Error('a'), new Error('a'))).rejects.toThrow("can't be part of a key")
  })

  test('of a class that is stored as plain data', async () => {
    expect(await same(new Point(1), new Point(1), { classes: 'plain' })).toBe(true)
    expect(await same(new Point(1), new Point(2), { classes: 'plain' })).toBe(false)
  })
})
