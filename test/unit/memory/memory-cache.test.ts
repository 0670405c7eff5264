import { describe, expect, test } from 'vitest'
import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const weigher = (value: unknown): number => (value as string).length

describe('a memory cache bounded by weight', () => {
  test('keeps the sum of the weights within the bound and counts what leaves', async () => {
    const cache = new MemoryCache({ maxWeight: 100, weigher })
    for (let index = 0; index < 50; index++) await cache.set(`key:${index}`, 'x'.repeat(10))
    const { entries, evictions } = cache.stats()
    expect(entries).toBe(10)
    expect(evictions).toEqual({ entries: 0, weight: 40, oversize: 0 })
  })

  test('does not store what is heavier than one entry may be, and removes the value before it', async () => {
    const cache = new MemoryCache({ maxWeight: 100, maxEntryWeight: 20, weigher })
    await cache.set('key', 'light')
    expect(await cache.set('key', 'x'.repeat(21))).toBe(false)
    expect(await cache.get('key')).toBe(undefined)
    expect(cache.stats().evictions.oversize).toBe(1)
  })

  test('shows the weigher a value as a reader gets it', async () => {
    const seen: unknown[] = []
    const cache = new MemoryCache({ maxWeight: 100, weigher: (value, key) => seen.push([key, value]) })
    const shared = new Date(5)
    await cache.set('key', { first: shared, second: shared })
    expect(seen).toEqual([['key', { first: shared, second: shared }]])
  })

  test.each([
    ['throws', (value: unknown): number => (value as { text: string }).text.length],
    ['answers no weight', (value: unknown): number => (value as { text?: string }).text?.length ?? NaN],
  ])(
    'does not store a value for which the weigher %s, and removes the value before it',
    async (_, failing) => {
      const logger = new RecordingLogger()
      const cache = new MemoryCache({ maxWeight: 100, weigher: failing, logger })
      const [weighed, odd] = [{ text: 'x' }, { other: 1 }]
      await cache.setMany({ b: weighed, c: weighed })
      expect(await cache.setMany({ a: weighed, b: odd, c: weighed }, { result: 'full' })).toMatchObject({
        stored: 2,
        refused: 1,
      })
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', weighed],
          ['c', weighed],
        ]),
      )
      const loaded = await cache.getOrSetMany(['d', 'e', 'f'], () => ({ d: weighed, e: odd, f: weighed }))
      expect([...loaded.keys()]).toEqual(['d', 'e', 'f'])
      expect([...(await cache.getMany(['d', 'e', 'f'])).keys()]).toEqual(['d', 'f'])
      expect(logger.lines).toMatchObject([
        { level: 'error', message: 'weigher has failed, and the value is not kept', details: { key: 'b' } },
      ])
    },
  )

  test.each([
    [{ weigher: 5, maxWeight: 1 }, 'weigher: 5 is not a function'],
    [{ weigher }, 'weigher has no effect without maxWeight'],
    [{ maxWeight: 0 }, 'maxWeight: 0 is not a number above 0'],
  ])('refuses %o', (options, message) => {
    expect(() => new MemoryCache(options as never)).toThrow(message)
  })
})

describe('a memory cache bounded by entries', () => {
  test('counts evictions, and expirations by who noticed them', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ maxEntries: 10, clock })
    for (let index = 0; index < 15; index++) await cache.set(`key:${index}`, index, '1m')
    expect(cache.stats().evictions).toEqual({ entries: 5, weight: 0, oversize: 0 })
    await cache.expire('key:14', '1s')
    await clock.advance('5m')
    expect(cache.stats().expirations).toEqual({ read: 0, timer: 10 })
    const since = cache.stats()
    expect(cache.stats({ since }).expirations).toEqual({ read: 0, timer: 0 })
  })
})
