import { describe, expect, test } from 'vitest'
import { OptionsError } from '../../../src/core/errors.ts'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'
import type { BoundedMapOptions, RemovalCause, SetOptions } from '../../../src/memory/bounded-map.ts'
import { checkMap } from './check-map.ts'
import { ManualClock } from './manual-clock.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

function mapOf<V = unknown, K = unknown>(options: BoundedMapOptions<K, V> = {}) {
  const clock = new ManualClock()
  const removed: [K, V, RemovalCause][] = []
  const map = new BoundedMap<K, V>({
    clock,
    timers: clock,
    random: new SeededRandom(1).next,
    onRemoval: (key, value, cause) => removed.push([key, value, cause]),
    ...options,
  })
  return { map, clock, removed }
}

describe('options', () => {
  test.each<[object, RegExp]>([
    [{ maxSize: 5 }, /maxSize is not an option; known are maxEntries/],
    [{ maxEntries: 0 }, /maxEntries: 0 is not a whole number from 1/],
    [{ maxEntries: 1.5 }, /maxEntries: 1.5/],
    [{ maxEntries: Infinity }, /maxEntries: Infinity/],
    [{ maxEntries: '5' }, /maxEntries: '5'/],
    [{ maxWeight: -1 }, /maxWeight: -1 is not a number above 0/],
    [{ maxWeight: NaN }, /maxWeight: NaN/],
    [{ weigher: () => 1 }, /weigher has no effect without maxWeight/],
    [{ maxEntryWeight: 1 }, /maxEntryWeight has no effect without maxWeight/],
    [{ maxWeight: 1, weigher: 3 }, /weigher: 3 is not a function/],
    [{ onRemoval: 'x' }, /onRemoval: 'x' is not a function/],
    [{ ttl: 0 }, /ttl/],
    [{ ttl: 'soon' }, /ttl.*soon/],
    [{ ttl: new Date(8e15) }, /ttl: .* is a date/],
  ])('%j is refused', (options, message) => {
    expect(() => new BoundedMap(options as BoundedMapOptions<unknown, unknown>)).toThrow(message)
    expect(() => new BoundedMap(options as BoundedMapOptions<unknown, unknown>)).toThrow(OptionsError)
  })

  test.each<[object, RegExp]>([
    [{ ttl: -1 }, /ttl/],
    [{ maxAge: 5 }, /maxAge is not an option; known are ttl, weight/],
    [{ weight: -1 }, /weight: -1 is not a finite number/],
    [{ weight: NaN }, /weight: NaN/],
  ])('set refuses %j and keeps what was there', (options, message) => {
    const { map } = mapOf<number, string>({ maxWeight: 10 })
    map.set('a', 1)
    expect(() => map.set('a', 2, options as SetOptions)).toThrow(message)
    expect(map.get('a')).toBe(1)
  })

  test('holds 10,000 entries by default', () => {
    const { map } = mapOf()
    for (let i = 0; i < 20_000; i++) map.set(i, i)
    expect(map.size).toBe(10_000)
  })
})

describe('entries', () => {
  test('are found again, and missing ones are undefined', () => {
    const { map } = mapOf()
    expect(map.set('a', 1)).toBe(true)
    expect(map.get('a')).toBe(1)
    expect(map.peek('a')).toBe(1)
    expect(map.has('a')).toBe(true)
    expect(map.get('b')).toBeUndefined()
    expect(map.has('b')).toBe(false)
    expect(map.delete('a')).toBe(true)
    expect(map.delete('a')).toBe(false)
    expect(map.size).toBe(0)
  })

  test('have any key that a Map can have', () => {
    const { map } = mapOf({ maxEntries: 100 })
    const keys = ['', 'a'.repeat(1000), 0, 1.5, NaN, Infinity, 2 ** 40, 10n, true, null, undefined]
    keys.push({} as never, (() => 1) as never, Symbol('s') as never, Symbol.for('cachette.test') as never)
    keys.forEach((key, i) => map.set(key, i))
    keys.forEach((key, i) => expect(map.get(key)).toBe(i))
    expect(map.get(-0)).toBe(2)
    expect(map.get({})).toBeUndefined()
    expect(map.size).toBe(keys.length)
    for (let i = 0; i < 1000; i++) map.set({}, i)
    checkMap(map)
  })

  test('that were just written are readable, however full the map is', () => {
    const { map } = mapOf<number, number>({ maxEntries: 10 })
    for (let i = 0; i < 10_000; i++) {
      map.set(i, i)
      expect(map.get(i)).toBe(i)
      if (i % 3 === 0) for (let j = i - 5; j < i; j++) map.get(j)
    }
  })

  test('that are used often outlast a scan of many that are used once', () => {
    const { map } = mapOf<number, string>({ maxEntries: 100 })
    const popular = Array.from({ length: 50 }, (_, i) => `popular ${i}`)
    for (let round = 0; round < 10; round++) {
      for (const key of popular) if (map.get(key) === undefined) map.set(key, round)
    }
    for (let i = 0; i < 1000; i++) map.set(`once ${i}`, i)
    const left = popular.filter((key) => map.peek(key) !== undefined)
    expect(left.length).toBeGreaterThan(45)
  })

  test('of a loop slightly too large for the map are found, as many as fit', () => {
    const { map } = mapOf<number, number>({ maxEntries: 200 })
    let hits = 0
    for (let round = 0; round < 100; round++) {
      for (let key = 0; key < 300; key++) {
        if (map.get(key) === undefined) map.set(key, key)
        else if (round >= 50) hits++
      }
    }
    // An LRU finds none.
    expect(hits / 50).toBeGreaterThan(170)
  })

  test('of a loop three times too large stay, as others used as often do not push them out', () => {
    const { map } = mapOf<number, number>({ maxEntries: 100 })
    let hits = 0
    for (let round = 0; round < 60; round++) {
      for (let key = 0; key < 300; key++) {
        if (map.get(key) === undefined) map.set(key, key)
        else if (round >= 30) hits++
      }
    }
    expect(hits / 30).toBeGreaterThan(95)
  })

  test('of a workload of pure recency are found as by an LRU', () => {
    const { map } = mapOf<number, number>({ maxEntries: 200 })
    let hits = 0
    for (let i = 0; i < 60_000; i++) {
      map.set(i, i)
      // Each key is read once more, after 80 others and their second reads, and never again.
      if (map.get(i - 80) !== undefined && i >= 40_000) hits++
    }
    expect(hits).toBe(20_000)
  })
})

describe('ttl', () => {
  test.each<[SetOptions['ttl'], number]>([
    [1, 1000],
    [0.5, 500],
    ['90s', 90_000],
    ['400d', 400 * 86_400_000],
    [{ minutes: 5 }, 300_000],
    [new Date(new ManualClock().wallNow() + 5000), 5000],
  ])('of %j ends to the millisecond', (ttl, ms) => {
    const { map, clock } = mapOf()
    map.set('a', 1, { ttl: ttl! })
    expect(map.remainingMs('a')).toBe(ms)
    clock.skip(ms - 1)
    expect(map.get('a')).toBe(1)
    clock.skip(1)
    expect(map.get('a')).toBeUndefined()
    expect(map.size).toBe(0)
  })

  test('of the map applies to entries without their own, and Infinity overrules it', () => {
    const { map, clock } = mapOf({ ttl: '1m' })
    map.set('a', 1)
    map.set('b', 1, { ttl: Infinity })
    map.set('c', 1, { ttl: '2m' })
    clock.skip(60_000)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 1, 1])
  })

  test('that ends in the past removes what is there', () => {
    const { map, removed } = mapOf()
    map.set('a', 1)
    expect(map.set('a', 2, { ttl: new Date(0) })).toBe(false)
    expect(map.get('a')).toBeUndefined()
    expect(removed).toEqual([['a', 1, 'replaced']])
  })

  test('begins anew with each set, and goes on with replace', () => {
    const { map, clock } = mapOf()
    map.put('a', 1, 100)
    clock.skip(60)
    map.replace('a', 2)
    expect(map.remainingMs('a')).toBe(40)
    map.put('a', 3, 100)
    expect(map.remainingMs('a')).toBe(100)
    map.touch('a', Infinity)
    expect(map.remainingMs('a')).toBe(Infinity)
    expect(map.touch('b', 1)).toBe(false)
    expect(map.remainingMs('b')).toBeUndefined()
  })

  test('is honoured to the millisecond by the system clock too, while the process is busy', () => {
    const map = new BoundedMap<string, number>({ ttl: 0.03 })
    map.set('a', 1)
    expect(map.get('a')).toBe(1)
    const end = performance.now() + 31
    while (performance.now() < end);
    expect(map.get('a')).toBeUndefined()
    map.close()
  })
})

describe('onRemoval', () => {
  test('tells why each entry left', () => {
    const { map, clock, removed } = mapOf<number, string>({ maxEntries: 2 })
    map.set('a', 1)
    map.set('a', 2)
    map.delete('a')
    map.put('b', 3, 10)
    clock.skip(10)
    map.get('b')
    map.set('c', 4)
    map.set('d', 5)
    map.set('e', 6)
    map.clear()
    const causes = removed.map(([key, value, cause]) => `${key}${value} ${cause}`)
    expect(causes.slice(0, 3)).toEqual(['a1 replaced', 'a2 deleted', 'b3 expired'])
    expect(causes[3]).toMatch(/^[cd]\d evicted$/)
    expect(causes.slice(4).every((cause) => cause.endsWith('cleared'))).toBe(true)
    const { evicted, expired, deleted, replaced, cleared } = map.stats()
    expect([evicted, expired, deleted, replaced, cleared]).toEqual([1, 1, 1, 1, 2])
  })

  test('may use the map', () => {
    const map = new BoundedMap<number, number>({
      maxEntries: 3,
      onRemoval: (key, value, cause) => {
        if (cause === 'evicted' && key < 100) map.set(key + 100, value)
        if (cause === 'cleared') map.set(1000, value)
      },
    })
    for (let i = 0; i < 50; i++) {
      map.set(i, i)
      checkMap(map)
    }
    map.clear()
    checkMap(map)
    expect([...map.keys()]).toEqual([1000])
  })

  test('that throws disturbs nobody and is counted', () => {
    const { map } = mapOf({
      onRemoval: () => {
        throw new Error('mine')
      },
    })
    map.set('a', 1)
    expect(map.set('a', 2)).toBe(true)
    expect(map.delete('a')).toBe(true)
    expect(map.stats().listenerErrors).toBe(2)
  })

  test('that rejects disturbs nobody and is counted', async () => {
    const { map } = mapOf({ onRemoval: (): unknown => Promise.reject(new Error('mine')) })
    map.set('a', 1)
    map.delete('a')
    await new Promise(setImmediate)
    expect(map.stats().listenerErrors).toBe(1)
  })
})

describe('iteration', () => {
  test('goes in the order in which keys came, without what has expired', () => {
    const { map, clock } = mapOf<number, string>()
    map.set('a', 1)
    map.put('b', 2, 5)
    map.set('c', 3)
    map.set('a', 4)
    clock.skip(5)
    expect([...map]).toEqual([
      ['a', 4],
      ['c', 3],
    ])
    expect([...map.entries()]).toEqual([...map])
    expect([...map.keys()]).toEqual(['a', 'c'])
    expect([...map.values()]).toEqual([4, 3])
    const seen: unknown[] = []
    map.forEach((value, key, self) => seen.push(key, value, self === map))
    expect(seen).toEqual(['a', 4, true, 'c', 3, true])
    expect(Object.fromEntries(map)).toEqual({ a: 4, c: 3 })
  })

  test('stands changes made meanwhile, as that of a Map does', () => {
    const { map } = mapOf<number, number>()
    for (let i = 0; i < 5; i++) map.set(i, i)
    const seen: number[] = []
    for (const [key] of map) {
      seen.push(key)
      map.delete(key + 1)
      if (key === 4) map.set(9, 9)
    }
    expect(seen).toEqual([0, 2, 4, 9])
  })
})

describe('weights', () => {
  const byValue = { maxWeight: 1000, weigher: (value: number) => value }

  test('are added up and kept within the bound', () => {
    const { map } = mapOf<number, number>(byValue)
    for (let i = 0; i < 500; i++) {
      map.set(i, (i * 37) % 100)
      checkMap(map)
      expect(map.weight).toBeLessThanOrEqual(1000)
    }
    expect(map.weight).toBe([...map.values()].reduce((sum, weight) => sum + weight, 0))
  })

  test('of a single set overrule the weigher', () => {
    const { map } = mapOf<number, string>(byValue)
    map.set('a', 5, { weight: 300 })
    expect(map.weight).toBe(300)
  })

  test('above maxEntryWeight are refused, and the older value goes', () => {
    const { map, removed } = mapOf<number, string>({ ...byValue, maxEntryWeight: 100 })
    expect(map.set('a', 100)).toBe(true)
    expect(map.set('a', 101)).toBe(false)
    expect(map.has('a')).toBe(false)
    expect(map.set('b', 1)).toBe(true)
    expect(map.replace('b', 101)).toBe(false)
    expect(map.size).toBe(0)
    expect(removed.map(([, , cause]) => cause)).toEqual(['replaced', 'replaced'])
  })

  test('of half the bound do not empty the map', () => {
    const { map } = mapOf<number, number>(byValue)
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 100; i++) if (map.get(i) === undefined) map.set(i, 10)
    }
    for (let giant = 1000; giant < 1050; giant++) map.set(giant, 500)
    expect([...map.keys()].filter((key) => key < 100).length).toBeGreaterThan(80)
  })

  test('make a light entry outlast a heavy one, but not for ever', () => {
    const { map } = mapOf<number, number>(byValue)
    for (let i = 0; i < 200; i++) map.set(i, 2)
    for (let i = 0; i < 200; i++) map.set(1000 + i, 40)
    const light = () => [...map.keys()].filter((key) => key < 200).length
    expect(light()).toBeGreaterThan(100)
    for (let i = 0; i < 20_000; i++) {
      const key = 2000 + Math.floor(i / 4)
      if (map.get(key) === undefined) map.set(key, 40)
    }
    expect(light()).toBe(0)
  })

  test('that grow by an update push others out', () => {
    const { map } = mapOf<number, string>(byValue)
    map.set('a', 400)
    map.set('b', 400)
    map.set('b', 700)
    expect(map.weight).toBeLessThanOrEqual(1000)
    checkMap(map)
  })
})

describe('close and clear', () => {
  test('close leaves no timer, and entries still expire when they are read', () => {
    const { map, clock } = mapOf()
    map.put('a', 1, 100)
    expect(clock.pending).toBe(1)
    map.close()
    map.put('b', 1, 100)
    expect(clock.pending).toBe(0)
    clock.skip(100)
    expect(map.get('a')).toBeUndefined()
    expect(map.size).toBe(1)
  })

  test('clear leaves no timer and an empty map that works', () => {
    const { map, clock } = mapOf({ maxEntries: 10 })
    for (let i = 0; i < 100; i++) map.put(i, i, 100)
    map.clear()
    expect([map.size, clock.pending, map.weight]).toEqual([0, 0, 0])
    for (let i = 0; i < 100; i++) map.put(i, i, 100)
    expect(map.size).toBe(10)
    checkMap(map)
  })
})

describe('sampling', () => {
  const replay = (ttl?: '1h') => {
    const { map } = mapOf({ maxEntries: 200, ...(ttl !== undefined && { ttl }) })
    const random = new SeededRandom(7).next
    const seen: (number | boolean)[] = []
    for (let i = 0; i < 60_000; i++) {
      // Popular keys, which are hit more often than is counted, and a feed that wants a large window.
      const key =
        random() < 0.5 ? Math.floor(random() ** 3 * 400) : 1000 + Math.floor(i / 20 - random() * 100)
      const hit = map.get(key) !== undefined
      if (!hit) map.set(key, i)
      seen.push(hit)
      if (i % 1000 === 0) seen.push(map.stats().windowShare)
    }
    return seen
  }

  test('decides alike for entries with a deadline and without', () => {
    const seen = replay()
    expect(replay('1h')).toEqual(seen)
    expect(new Set(seen.filter((item) => typeof item === 'number')).size).toBeGreaterThan(1)
  })
})
