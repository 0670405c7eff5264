import { serialize } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { MemoryCache, TieredCache, type MemoryTierOptions } from '../../../src/index.ts'
import { bytesOf } from '../../../src/memory/bytes.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'

const ENTRY = bytesOf('', '') - 8

const user = (id: number): object => ({
  id,
  name: `User number ${id}`,
  mail: `user.${id}@example.org`,
  isActive: id % 2 === 0,
  score: id * 1.5,
  tags: ['one', 'two'],
  address: { street: 'Long Street 12', city: 'Somewhere', zip: String(10_000 + id) },
})

const VALUES: Readonly<Record<string, unknown>> = {
  'a record': user(7),
  'a list of records': Array.from({ length: 500 }, (_, id) => user(id)),
  'a page of text': '<p>some text of a page</p>'.repeat(400),
  'text beyond Latin-1': 'παράδειγμα κειμένου '.repeat(100),
  'a list of numbers': Array.from({ length: 1_000 }, (_, n) => n * 1.25),
  'a matrix': Array.from({ length: 50 }, () => Array.from({ length: 50 }, (_, n) => n / 3)),
  'a map of records': new Map(Array.from({ length: 200 }, (_, id) => [`user:${id}`, user(id)])),
  'a set of texts': new Set(Array.from({ length: 300 }, (_, n) => `member ${n} of the set`)),
  'a dictionary': Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`name ${n}`, `value ${n}`])),
  'a buffer': Buffer.alloc(10_000, 7),
  'a typed array': new Float64Array(2_000).fill(0.5),
  'dates and a bigint': { from: new Date(0), to: new Date(1), total: 2n ** 60n, note: 'some remark on it' },
  'lists of different lengths': Array.from({ length: 100 }, (_, n) => 'x'.repeat((n * 37) % 400)),
}

describe('the estimate of bytes', () => {
  test.each(Object.entries(VALUES))('is near the serialized length of %s', (_, value) => {
    const ratio = (bytesOf(value, '') - ENTRY) / serialize(value).length
    // Small parts take more room in memory than in a serialized form.
    expect(ratio).toBeGreaterThan(0.8)
    expect(ratio).toBeLessThan(1.8)
  })

  test('counts the key', () => {
    expect(bytesOf(1, 'key:1') - bytesOf(1, '')).toBe(5)
    expect(bytesOf(1, 'κλειδί') - bytesOf(1, '')).toBe(12)
  })

  test('looks at a bounded part of any value', () => {
    let looks = 0
    const list = Array.from({ length: 1_000 }, () => 0)
    const counting = (): object =>
      new Proxy(list, {
        get(target, name) {
          if (name === 'length') return target.length
          looks++
          return counting()
        },
      })
    bytesOf(counting(), '')
    expect(looks).toBeLessThan(64 * 4_100)
    const circle: unknown[] = [1]
    circle.push(circle)
    let deep: unknown = 'end'
    for (let level = 0; level < 10_000; level++) deep = { deep }
    expect(bytesOf(circle, '')).toBeLessThan(2_000)
    expect(bytesOf(deep, '')).toBeLessThan(2_000)
  })

  test('survives whatever throws when it is read', () => {
    const hostile = Object.defineProperty({}, 'broken', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const value of [hostile, proxy]) expect(bytesOf(value, '')).toBeLessThan(200)
  })
})

describe('a cache bounded by bytes', () => {
  test('keeps what fits, without a weigher', async () => {
    for (const isolation of ['clone', 'freeze', 'share'] as const) {
      const cache = new MemoryCache({ maxBytes: 100_000, isolation })
      for (let index = 0; index < 100; index++) await cache.set(`key:${index}`, 'x'.repeat(5_000))
      expect(cache.stats().entries).toBe(19)
      expect(cache.stats().evictions.weight).toBe(81)
      expect(await cache.set('large', 'x'.repeat(100_001))).toBe(false)
      expect(await cache.set('grace', 'x'.repeat(5_000), { grace: '1h', ttl: '1h' })).toBe(true)
      await cache.close()
    }
  })

  test('is possible before a server', async () => {
    const clock = new FakeClock()
    const fleet = new InstantFleet(clock)
    const l1: MemoryTierOptions = { maxBytes: 20_000 }
    const cache = new TieredCache({ clock, l1, l2: fleet.sharedCache({ clock }), bus: fleet.bus })
    await cache.set('small', 'kept')
    await cache.get('small')
    expect(await cache.get('small', { result: 'full' })).toMatchObject({ tier: 'l1' })
    await cache.set('large', 'x'.repeat(30_000))
    await cache.get('large')
    expect(await cache.get('large', { result: 'full' })).toMatchObject({ tier: 'l2' })
    await cache.close()
  })

  test.each([
    [{ maxBytes: 0 }, 'maxBytes: 0 is not a number above 0'],
    [{ maxBytes: '1mb' }, "maxBytes: '1mb' is not a number above 0"],
    [{ maxBytes: 1, maxWeight: 1 }, 'maxBytes: give either this or maxWeight with a weigher'],
    [{ maxBytes: 1, weigher: () => 1 }, 'maxBytes: give either this or maxWeight with a weigher'],
  ])('refuses %o', (options, message) => {
    expect(() => new MemoryCache(options as never)).toThrow(message)
  })
})
