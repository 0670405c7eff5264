import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  analyse,
  type Analysis,
  type AnalysisSnapshot,
  type FamilySnapshot,
} from '../../../src/analysis/index.ts'
import { key, MemoryCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

let clock: FakeClock
let cache: MemoryCache
let analysis: Analysis

function watch(options: ConstructorParameters<typeof MemoryCache>[0] = {}): void {
  cache = new MemoryCache({ name: 'users', clock, random: new SeededRandom(7).next, ...options })
  analysis = analyse(cache)
}

function familyOf(name: string, snapshot: AnalysisSnapshot = analysis.snapshot()): FamilySnapshot {
  const family = snapshot.families.find(({ family: one }) => one === name)
  if (family === undefined) throw new Error(`no family ${name}`)
  return family
}

function sentences(kind: string): readonly string[] {
  return analysis
    .snapshot()
    .advice.filter((one) => one.kind === kind)
    .map(({ sentence }) => sentence)
}

beforeEach(() => {
  clock = new FakeClock()
  watch()
})

afterEach(async () => {
  analysis.close()
  await cache.close()
})

/** Loads a value in a time that is known. */
async function load(of: BaseCache, name: string, tookMs: number, value: unknown = 1): Promise<void> {
  const loading = of.getOrSet(name, async () => {
    await clock.advance({ milliseconds: tookMs })
    return value as never
  })
  await loading
}

describe('the analysis of a cache', () => {
  it('tells for each family what it is worth', async () => {
    for (const id of [1, 2]) await load(cache, key('user', id), id * 10)
    for (let read = 0; read < 6; read++) await cache.get(key('user', 1))
    await cache.get(key('user', 3))
    await load(cache, key('post', 1), 100)

    const user = familyOf('user:{id}')
    expect(user).toMatchObject({ reads: 9, hits: { l1: 6, l2: 0 }, misses: 3, loads: 2, hitRatio: 6 / 9 })
    expect(user.savedLoads).toEqual({ value: 6, error: 0 })
    expect(user.savedMs.value).toBeCloseTo(90)
    // Two loads of 10 and 20 ms: a mean of 15 with a standard error of 5.
    expect(user.savedMs.error).toBeCloseTo(6 * 5 * 1.96)
    expect(user.loadP50Ms).toBeCloseTo(10, 0)
    expect(user.loadP99Ms).toBeCloseTo(20, 0)
    const post = familyOf('post:{id}')
    expect(post).toMatchObject({ reads: 1, misses: 1, loads: 1, savedMs: { value: 0 } })
    expect(post.savedMs).not.toHaveProperty('error')
  })

  it('has the name of a namespace and of a wrapped function, and sorts by the time saved', async () => {
    const shop = cache.namespace('shop')
    for (let read = 0; read < 3; read++) await load(shop, key('cart', 1), 50)
    const find = cache.wrap(async (id: number) => id, { name: 'find' })
    for (let read = 0; read < 2; read++) await find(3)
    const names = analysis.snapshot().families.map(({ family }) => family)
    expect(names).toEqual(['shop:cart:{id}', 'find'])
  })

  it('is plain JSON', async () => {
    await load(cache, 'user:1', 5)
    await cache.get('user:1')
    const snapshot = analysis.snapshot()
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot)
    expect(snapshot).toMatchObject({ cache: 'users', startedAt: Date.UTC(2026, 0, 1), forMs: 5 })
  })

  it('names the hottest keys by hits, bytes of hits and time of loads, each share with its error', async () => {
    const users = cache.namespace('user')
    await load(users, 'hot', 1, 'x')
    await load(users, 'large', 1, 'x'.repeat(10_000))
    await load(users, 'slow', 500, 'x')
    for (let read = 0; read < 8; read++) await users.get('hot')
    await users.get('large')
    await users.get('slow')
    const { hits, bytes, loadMs } = analysis.snapshot().hot
    expect(hits.keys[0]).toEqual({ key: 'user:hot', amount: 8, share: 0.8, error: 0 })
    expect(bytes.keys[0]!.key).toBe('user:large')
    expect(bytes.keys[0]!.amount).toBeGreaterThan(10_000)
    expect(loadMs.keys[0]).toMatchObject({ key: 'user:slow', amount: 500 })
  })

  it('tells which loads returned the same value again, and how often values change', async () => {
    let version = 0
    const read = async (name: string): Promise<void> => {
      await cache.getOrSet(name, () => ({ name, version: name === 'b:1' ? version : 0 }), '1m')
    }
    for (let round = 0; round < 10; round++) {
      await read('a:1')
      await read('b:1')
      if (round % 3 === 0) version++
      await clock.advance('61s')
    }
    expect(familyOf('a:{id}').unchangedShare).toBe(1)
    const { changes, unchangedShare } = familyOf('b:{id}')
    expect(unchangedShare).toBeCloseTo(6 / 9)
    expect(changes.changed.count).toBe(3)
    expect(changes.changed.min).toBe(61_000)
  })

  it('takes a load that is not modified for one that returned the same value', async () => {
    const read = async (): Promise<unknown> =>
      cache.getOrSet('a:1', ({ stale, notModified }) => (stale === undefined ? 1 : notModified()), {
        ttl: '1m',
        grace: '1h',
        softTimeout: '1s',
      })
    for (let round = 0; round < 4; round++) {
      await read()
      await clock.advance('61s')
    }
    expect(familyOf('a:{id}').unchangedShare).toBe(1)
    expect(familyOf('a:{id}').changes.unchanged.count).toBe(3)
  })

  it('tells which entries were invalidated before anybody read them, and which were never read', async () => {
    for (const id of [1, 2, 3, 4]) await cache.set(key('s', id), id, '1h')
    await cache.get(key('s', 1))
    await cache.delete(key('s', 1))
    await cache.delete(key('s', 2))
    expect(familyOf('s:{id}')).toMatchObject({ unreadShare: 0.5, invalidatedUnreadShare: 0.5 })
    await clock.advance('2h')
    expect(familyOf('s:{id}')).toMatchObject({ unreadShare: 0.75, invalidatedUnreadShare: 0.25 })
    await cache.get(key('s', 3))
    expect(familyOf('s:{id}').unreadShare).toBe(0.5)
  })

  it('says nothing without enough evidence', async () => {
    watch({ maxEntries: 10, ttl: '1s' })
    for (let read = 0; read < 100; read++) await cache.getOrSet(key('user', read % 40), () => 1)
    await clock.advance('2s')
    for (let read = 0; read < 20; read++) await cache.getOrSet(key('user', read), () => 1)
    expect(analysis.snapshot().advice).toEqual([])
  })

  it('proposes another size by the curve of the cache itself', async () => {
    watch({ maxEntries: 200 })
    const random = new SeededRandom(3).next
    for (let read = 0; read < 30_000; read++) {
      const id = Math.floor(500 * random() ** 2)
      await cache.getOrSet(key('user', id), () => id)
      if (read % 1000 === 999) await clock.advance('1s')
    }
    const { curve, families } = analysis.snapshot()
    expect(curve!.entries).toBe(200)
    expect(curve!.accesses).toBeGreaterThan(29_000)
    const now = curve!.points.find(({ entries }) => entries === 200)!
    expect(Math.abs(now.hitRatio - families[0]!.hitRatio!)).toBeLessThan(0.03)
    const [sentence] = sentences('size')
    expect(sentence).toMatch(/^users: 200 -> 800 entries: \+\d+\.\d points, about [\d,]+ loads an hour less$/)
  })

  it('rests after a stretch of reads that came fast, and goes on later', async () => {
    watch({ maxEntries: 100 })
    const read = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await cache.get(key('user', index % 200))
    }
    await read(30_000)
    const { accesses } = analysis.snapshot().curve!
    expect(accesses).toBeGreaterThanOrEqual(20_000)
    expect(accesses).toBeLessThan(23_000)
    await clock.advance('1s')
    await read(10_000)
    expect(analysis.snapshot().curve!.accesses - accesses).toBeGreaterThan(9000)
    expect(familyOf('user:{id}').reads).toBeGreaterThan(38_000)
    expect(familyOf('user:{id}').reads).toBeLessThan(42_000)
  })

  it('proposes a smaller size if that loses next to nothing', async () => {
    watch({ maxEntries: 2000 })
    for (let read = 0; read < 25_000; read++) {
      await cache.getOrSet(key('user', read % 50), () => 1)
      if (read % 1000 === 999) await clock.advance('1s')
    }
    expect(sentences('size')).toEqual([
      expect.stringMatching(
        /^users: 2,000 -> 500 entries: [-+]0\.\d points, about [\d,]+ loads an hour (more|less)$/,
      ),
    ])
  })

  it('says of entries that nobody reads again that they are not worth it, and nothing of others', async () => {
    for (let id = 0; id < 100; id++) {
      await cache.getOrSet(key('session', id), () => id, '1m')
      await cache.getOrSet(key('user', id), () => id, '1m')
      if (id % 2 === 0) await cache.get(key('user', id))
    }
    await clock.advance('2m')
    expect(sentences('unread')).toEqual([
      'session:{id}: 100 % of 100 entries were never read again: do not cache it',
    ])
  })

  it('says of entries that are invalidated before anybody reads them', async () => {
    for (let round = 0; round < 60; round++) {
      await cache.set(key('list', round % 3), round)
      if (round % 4 === 0) await cache.get(key('list', round % 3))
      await cache.invalidate(key('list', round % 3))
    }
    expect(sentences('unread')).toEqual([
      'list:{id}: 75 % of 60 entries were invalidated before anybody read them: do not cache it, or invalidate less',
    ])
  })

  it('proposes a shorter ttl for values that change and that nobody invalidates', async () => {
    for (let round = 0; round < 60; round++) {
      await cache.getOrSet('rate:1', () => Math.floor(round / 2), '10m')
      await cache.get('rate:1')
      await clock.advance('601s')
    }
    const advice = analysis.snapshot().advice.find(({ kind }) => kind === 'ttl')
    expect(advice).toMatchObject({
      family: 'rate:{id}',
      numbers: { ttlMs: 600_000, reloads: 59, changed: 29 },
    })
    expect(advice!.numbers['proposedTtlMs']).toBeLessThan(60_000)
    expect(advice!.sentence).toMatch(
      /^rate:\{id\}: \d+ % to \d+ % of its answers are out of date, because values change every \d+ min /,
    )
  })

  it('says nothing of a ttl that fits, nor of changes that are invalidated', async () => {
    for (let round = 0; round < 200; round++) {
      await cache.getOrSet('told:1', () => Math.floor(round / 2), '10m')
      await cache.get('told:1')
      await clock.advance('601s')
      if (round % 2 === 1) await cache.delete('told:1')
    }
    expect(familyOf('told:{id}').changes.invalidated).toBe(100)
    expect(sentences('ttl')).toEqual([])
  })

  it('proposes a longer ttl for values that hardly change, with the numbers behind it', async () => {
    for (let round = 0; round < 101; round++) {
      for (const id of [1, 2, 3]) await cache.getOrSet(key('product', id), () => id, '1m')
      await clock.advance('61s')
    }
    const advice = analysis.snapshot().advice.find(({ kind }) => kind === 'ttl')
    expect(advice).toMatchObject({
      family: 'product:{id}',
      numbers: { ttlMs: 60_000, reloads: 300, unchanged: 300, changed: 0, proposedTtlMs: 120_000 },
    })
  })

  it('ends with the cache, and without it', async () => {
    await cache.get('a')
    analysis.close()
    await cache.get('a')
    expect(familyOf('{key}').misses).toBe(1)
    const pending = clock.pending
    watch()
    expect(clock.pending).toBe(pending + 1)
    await cache.close()
    await clock.advance('2s')
    expect(clock.pending).toBe(pending)
  })

  it.each([
    ['an unknown option', () => analyse(cache, { nothing: 1 } as object), 'unknown option'],
    ['a share that is none', () => analyse(cache, { staleShare: 1 }), 'staleShare: 1 is not a number'],
    ['something other than a cache', () => analyse({} as BaseCache), 'is not a cache'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message)
  })
})
