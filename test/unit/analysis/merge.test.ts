import { afterEach, describe, expect, it } from 'vitest'
import { analyse, mergeSnapshots, type AnalysisSnapshot } from '../../../src/analysis/index.ts'
import { key, MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const caches: MemoryCache[] = []

afterEach(() => Promise.all(caches.splice(0).map(async (cache) => cache.close())))

/** Returns the figures of a process that has read each of these users so often. */
async function processOf(reads: Readonly<Record<number, number>>): Promise<AnalysisSnapshot> {
  const clock = new FakeClock()
  const cache = new MemoryCache({ name: 'users', clock, random: new SeededRandom(5).next, maxEntries: 50 })
  caches.push(cache)
  using analysis = analyse(cache)
  for (const [id, count] of Object.entries(reads)) {
    for (let read = 0; read < count; read++) {
      await cache.getOrSet(key('user', Number(id)), async () => {
        await clock.advance({ milliseconds: 10 * Number(id) })
        return id
      })
    }
  }
  return JSON.parse(JSON.stringify(analysis.snapshot())) as AnalysisSnapshot
}

describe('the figures of several processes', () => {
  it('add up', async () => {
    const merged = mergeSnapshots([await processOf({ 1: 5, 2: 3 }), await processOf({ 1: 1, 3: 11 })])
    const [family] = merged.families
    expect(family).toMatchObject({ family: 'user:{id}', reads: 20, misses: 4, loads: 4, hits: { l1: 16 } })
    expect(family!.loadMs).toMatchObject({ count: 4, mean: (10 + 20 + 10 + 30) / 4 })
    expect(family!.savedMs.value).toBeCloseTo(16 * 17.5)
    expect(family!.loadTimes).toMatchObject({ count: 4, min: 10, max: 30 })
    expect(merged).toMatchObject({ cache: 'users', forMs: 40 })
    expect(merged.curve).toMatchObject({ entries: 50, accesses: 20 })
    expect(JSON.parse(JSON.stringify(merged))).toEqual(merged)
  })

  it('have the hot keys of all of them', async () => {
    const { hits } = mergeSnapshots([await processOf({ 1: 6, 2: 3 }), await processOf({ 1: 2, 3: 11 })]).hot
    expect(hits.total).toBe(18)
    expect(hits.keys.map(({ key: name, amount, error }) => [name, amount, error])).toEqual([
      ['user:3', 10, 0],
      ['user:1', 6, 0],
      ['user:2', 2, 0],
    ])
  })

  it('of one process are its own', async () => {
    const one = await processOf({ 1: 5, 2: 3 })
    expect(mergeSnapshots([one])).toEqual(one)
  })

  it('allow for keys that a process does not list', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, id) => [id + 100, 4]))
    const { keys } = mergeSnapshots([await processOf(many), await processOf({ 1: 9 })]).hot.hits
    const only = keys.find((item) => item.key === 'user:1')!
    expect(only.amount).toBe(8 + 3)
    expect(only.error * (8 + 120)).toBeCloseTo(3)
  })

  it('are none of an empty list', () => {
    expect(() => mergeSnapshots([])).toThrow('the list is empty')
  })
})
