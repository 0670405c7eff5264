import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

const clock = new FakeClock()
const logger = new RecordingLogger()
const CACHES: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache({ clock, logger }),
  'a cache over storeFrom': () => new OwnCache(mapPrimitives(true), { clock, logger }),
}

describe.each(Object.entries(CACHES))('counters of %s', (_, make) => {
  it('start at 0 and are plain numbers', async () => {
    const cache = make()

    expect(await cache.increment('a')).toBe(1)
    expect(await cache.increment('a', 10)).toBe(11)
    expect(await cache.decrement('a')).toBe(10)
    expect(await cache.decrement('a', 20)).toBe(-10)
    expect(await cache.get('a')).toBe(-10)
    expect(await cache.decrement('b', 3)).toBe(-3)
  })

  it('are never negative zero', async () => {
    const cache = make()

    expect(await cache.decrement('a', 0)).toBe(0)
    expect(await cache.increment('b', -0)).toBe(0)
    expect(await cache.get('a')).toBe(0)
  })

  it('go on from a number that was set', async () => {
    const cache = make()
    await cache.set('visits', 0)

    expect(await cache.increment('visits')).toBe(1)
  })

  it('count every one of 100 concurrent calls', async () => {
    const cache = make()
    const results = await Promise.all(Array.from({ length: 100 }, async () => cache.increment('a')))

    expect(results.toSorted((a, b) => a! - b!)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('keep the end of their window, whatever the later calls say', async () => {
    const cache = make()
    await cache.increment('a', 1, 60)
    await clock.advance(40)

    expect(await cache.increment('a', 1, 60)).toBe(2)
    expect(await cache.ttl('a')).toBe(20)
    await clock.advance(20)
    expect(await cache.increment('a', 1, 60)).toBe(1)
  })

  it.each([['text'], [1.5], [{ a: 1 }], [null], [2 ** 53]])(
    'answer undefined over %o, count it, log it once and leave it',
    async (value) => {
      const cache = make()
      await cache.set('a', value)
      logger.lines.length = 0

      expect([await cache.increment('a'), await cache.increment('a')]).toEqual([undefined, undefined])
      expect(cache.stats().errors).toBe(2)
      expect(logger.summary).toEqual(['warn: a stored value does not fit'])
      expect(await cache.get('a')).toEqual(value)
    },
  )

  it('answer undefined rather than leave the safe integers', async () => {
    const cache = make()
    await cache.set('a', Number.MAX_SAFE_INTEGER)

    expect(await cache.increment('a')).toBe(undefined)
    expect(await cache.get('a')).toBe(Number.MAX_SAFE_INTEGER)
    expect(await cache.decrement('a')).toBe(Number.MAX_SAFE_INTEGER - 1)
  })

  it('are read together, as numbers', async () => {
    const cache = make()
    await cache.increment('a', 5)
    await cache.namespace('n').increment('b')
    await cache.increment('c', -1, '1m')

    expect([...(await cache.getMany(['c', 'x', 'a']))]).toEqual([
      ['c', -1],
      ['a', 5],
    ])
    expect(await cache.namespace('n').getMany(['b'])).toEqual(new Map([['b', 1]]))
  })

  it('end at a floor or a ceiling', async () => {
    const cache = make()

    expect(await cache.increment('a', 3, { max: 5 })).toBe(3)
    expect(await cache.increment('a', 3, { max: 5 })).toBe(5)
    expect(await cache.increment('a', 1, { max: 5 })).toBe(5)
    expect(await cache.decrement('a', 9, { min: -1 })).toBe(-1)
    expect(await cache.decrement('a', 1, { min: -1, max: 5 })).toBe(-1)
    expect(await cache.decrement('new', 1, { min: 0 })).toBe(0)
    expect(await cache.get('new')).toBe(0)
  })

  it('never step back to a bound, nor towards the other', async () => {
    const cache = make()
    await cache.set('a', 20)

    expect(await cache.increment('a', 1, { max: 5 })).toBe(20)
    expect(await cache.decrement('a', 1, { max: 5 })).toBe(19)
    expect(await cache.increment('a', 1, { min: 30 })).toBe(20)
    expect(await cache.decrement('a', 1, { min: 30 })).toBe(20)
  })

  it('end at a bound rather than leave the safe integers', async () => {
    const cache = make()
    await cache.set('a', Number.MAX_SAFE_INTEGER - 1)

    expect(await cache.increment('a', Number.MAX_SAFE_INTEGER, { max: Number.MAX_SAFE_INTEGER })).toBe(
      Number.MAX_SAFE_INTEGER,
    )
    expect(await cache.increment('a')).toBe(undefined)
  })

  it('keep their ttl at a bound', async () => {
    const cache = make()
    await cache.increment('a', 1, { ttl: '1m', max: 1 })
    await clock.advance('40s')
    await cache.increment('a', 1, { ttl: '1m', max: 1 })

    expect(await cache.ttl('a')).toBe(20)
  })

  it.each([
    [{ min: 1.5 }, /increment: min: 1.5 is not a safe integer/],
    [{ max: NaN }, /increment: max: NaN is not a safe integer/],
    [{ min: 5, max: 4 }, /increment: min: 5 is above max: 4/],
  ])('refuse %o', async (bounds, message) => {
    await expect(make().increment('a', 1, bounds)).rejects.toThrow(message)
  })
})
