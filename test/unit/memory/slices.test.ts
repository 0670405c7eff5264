import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../../src/index.ts'

const ENTRIES = 20_000
// More than a slice, for what the test's own calls add.
const MOST_IN_TURN = 2500

async function filled(prefix = 'a:'): Promise<MemoryCache> {
  const cache = new MemoryCache({ maxEntries: ENTRIES * 2 })
  const entries = Array.from({ length: ENTRIES }, (_, index) => [`${prefix}${index}`, index] as const)
  await cache.setMany(entries)
  return cache
}

/** Runs `work` and answers the most entries that went away between two turns of the event loop. */
async function mostRemoved(cache: BaseCache, work: () => Promise<unknown>): Promise<number> {
  let isDone = false
  let most = 0
  let before = cache.stats().entries ?? 0
  const note = (): void => {
    const now = cache.stats().entries ?? 0
    most = Math.max(most, before - now)
    before = now
    if (!isDone) setImmediate(note)
  }
  const done = work().finally(() => {
    isDone = true
  })
  note()
  await done
  note()
  return most
}

describe('a large cache in memory', () => {
  it('is cleared in slices', async () => {
    const cache = await filled()
    expect(await mostRemoved(cache, async () => cache.clear())).toBeLessThan(MOST_IN_TURN)
    expect(cache.stats().entries ?? 0).toBe(0)
  })

  it('deletes by prefix in slices, and counts what was there', async () => {
    const cache = await filled()
    await cache.set('b', 1)
    let count: number | undefined
    const most = await mostRemoved(cache, async () => {
      count = await cache.deleteByPrefix('a:')
    })
    expect([count, cache.stats().entries ?? 0, await cache.get('b')]).toEqual([ENTRIES, 1, 1])
    expect(most).toBeLessThan(MOST_IN_TURN)
  })

  it('lists the keys of a namespace that was cleared in slices', async () => {
    const cache = new MemoryCache({ maxEntries: ENTRIES * 2 })
    const users = cache.namespace('user')
    await users.setMany(Array.from({ length: ENTRIES }, (_, index) => [`${index}`, index] as const))
    await users.clear()
    await users.set('new', 1)
    const keys: string[] = []
    const most = await mostRemoved(cache, async () => {
      for await (const key of users.keys()) keys.push(key)
    })
    expect(keys).toEqual(['new'])
    expect(most).toBeLessThan(MOST_IN_TURN)
  })

  it('lists the keys that are there in slices, without those that go meanwhile', async () => {
    const cache = await filled()
    let turns = 0
    let isDone = false
    const count = (): void => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    const keys: string[] = []
    for await (const key of cache.keys()) {
      keys.push(key)
      if (keys.length === 10) await cache.deleteMany(['a:11', 'a:19999'])
    }
    isDone = true
    expect(keys.length).toBe(ENTRIES - 2)
    expect(turns).toBeGreaterThan(3)
  })

  it.each<[string, (cache: BaseCache) => Promise<unknown>]>([
    ['clear', async (cache) => cache.clear()],
    ['deleteByPrefix', async (cache) => cache.deleteByPrefix('a:')],
  ])('answers none of what was there when %s began, and keeps what comes after it', async (_, remove) => {
    const cache = await filled()
    const last = `a:${ENTRIES - 1}`
    const removed = remove(cache)
    expect(await cache.get(last)).toBe(undefined)
    expect((await cache.getMany(['a:0', last])).size).toBe(0)
    expect(await cache.has(last)).toBe(false)
    expect(await cache.expire('a:19998', 10)).toBe(false)
    expect(await cache.take('a:19997')).toBe(undefined)
    expect(await cache.delete('a:19996')).toBe(false)
    expect(await cache.increment('a:19995')).toBe(1)
    expect(await cache.getOrSet('a:19994', () => 'loaded')).toBe('loaded')
    await cache.set(last, 'new')
    const keys: string[] = []
    for await (const key of cache.keys()) keys.push(key)
    expect(keys.toSorted()).toEqual(['a:19994', 'a:19995', last])
    const other = cache.deleteByPrefix('a:19994')
    await removed
    expect(await other).toBe(1)
    expect(await cache.get(last)).toBe('new')
    expect(await cache.get('a:19995')).toBe(1)
    expect(cache.stats().entries ?? 0).toBe(2)
  })

  it('ends a deletion that is under way when it is closed', async () => {
    const cache = await filled()
    const removed = cache.deleteByPrefix('a:')
    await cache.close()
    expect(await removed).toBeGreaterThan(0)
  })
})
