import { describe, expect, it } from 'vitest'
import { MemoryCache, RecursiveLoadError, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const ENGINES: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache({ clock: new FakeClock() }),
  'a cache over slow primitives': () => new OwnCache(mapPrimitives(true), { clock: new FakeClock() }),
}

describe.each(Object.entries(ENGINES))('a recursive load in %s', (_, make) => {
  it('is named when a loader asks for its own key', async () => {
    const cache = make()
    const load = (): Promise<number> => cache.getOrSet('k', load)
    const error = await failureOf(() => cache.getOrSet('k', load))

    expect(error).toBeInstanceOf(RecursiveLoadError)
    expect(error).toMatchObject({
      code: 'ERR_CACHE_RECURSIVE_LOAD',
      message: expect.stringContaining('k → k'),
    })
    expect(await cache.getOrSet('k', () => 1)).toBe(1)
  })

  it('is named when loaders ask for one another', async () => {
    const cache = make()
    const loadA = (): Promise<number> => cache.getOrSet('b', loadB)
    const loadB = (): Promise<number> => cache.getOrSet('c', loadC)
    const loadC = (): Promise<number> => cache.getOrSet('a', loadA)

    expect(await failureOf(() => cache.getOrSet('a', loadA))).toMatchObject({
      code: 'ERR_CACHE_RECURSIVE_LOAD',
      message: expect.stringContaining("the loader of 'c' asks for 'a', which waits for it (a → b → c → a)"),
    })
  })

  it('is named when two loads that began apart wait for each other', async () => {
    const cache = make()
    const both = deferred()
    let begun = 0
    const meet = async (): Promise<void> => {
      if (++begun === 2) both.resolve()
      await both.promise
    }
    const crossed = (key: string, other: string): Promise<number> =>
      cache.getOrSet(key, async () => {
        await meet()
        return cache.getOrSet(other, () => 1)
      })
    const failures = await Promise.all([
      failureOf(() => crossed('a', 'b')),
      failureOf(() => crossed('b', 'a')),
    ])

    expect(failures[0]).toBeInstanceOf(RecursiveLoadError)
    expect(failures[1]).toBe(failures[0])
  })

  it.each<[string, (cache: BaseCache) => Promise<unknown>]>([
    [
      'a loader of several keys asks for the first',
      (cache) => cache.getOrSetMany(['a', 'b'], async () => ({ a: await cache.getOrSet('a', () => 1) })),
    ],
    [
      'a loader of several keys asks for the second',
      (cache) => cache.getOrSetMany(['a', 'b'], async () => ({ b: await cache.getOrSet('b', () => 1) })),
    ],
    [
      'a loader of several keys asks for them again',
      (cache) =>
        cache.getOrSetMany(['a', 'b'], async () => {
          const inner = await cache.getOrSetMany(['c', 'b'], () => ({}))
          return Object.fromEntries(inner)
        }),
    ],
    [
      'a loader asks for several keys, its own among them',
      (cache) =>
        cache.getOrSet('a', async () => {
          const inner = await cache.getOrSetMany(['b', 'a'], () => ({ a: 1, b: 1 }))
          return inner.get('a')!
        }),
    ],
    [
      'a namespace leads to the same key',
      (cache) => cache.getOrSet('n:a', () => cache.namespace('n').getOrSet('a', () => 1)),
    ],
    [
      'a pause lies in between',
      (cache) =>
        cache.getOrSet('a', async () => {
          await settle()
          return cache.getOrSet('a', () => 1)
        }),
    ],
  ])('is named when %s', async (_what, call) => {
    expect(await failureOf(() => call(make()))).toBeInstanceOf(RecursiveLoadError)
  })

  it('is none when loaders ask for other keys', async () => {
    const cache = make()
    const user = (): Promise<string> => cache.getOrSet('user', async () => `user of ${await team()}`)
    const team = (): Promise<string> => cache.getOrSet('team', async () => 'team')

    expect(await Promise.all([user(), team(), user()])).toEqual(['user of team', 'team', 'user of team'])
  })

  it('is none when another cache has a key of the same name', async () => {
    const [one, other] = [make(), make()]

    expect(await one.getOrSet('k', () => other.getOrSet('k', () => 1))).toBe(1)
    expect(await one.getOrSetMany(['a'], () => other.getOrSetMany(['a'], () => ({ a: 1 })))).toEqual(
      new Map([['a', 1]]),
    )
  })

  it('is named when it leads through another cache', async () => {
    const [one, other] = [make(), make()]
    const load = (): Promise<number> => other.getOrSet('k', () => one.getOrSet('k', load))

    expect(await failureOf(() => one.getOrSet('k', load))).toBeInstanceOf(RecursiveLoadError)
  })

  it('is none when a loader reads or writes its own key', async () => {
    const cache = make()
    const value = await cache.getOrSet('k', async () => {
      expect(await cache.get('k')).toBe(undefined)
      await cache.set('k', 5)
      return 1
    })

    expect(value).toBe(1)
    expect(await cache.get('k')).toBe(5)
  })

  it('is none for a load that waits for another one in two ways', async () => {
    const cache = make()
    const bottom = deferred<number>()
    const side = (key: string): Promise<number> =>
      cache.getOrSet(key, () => cache.getOrSet('bottom', () => bottom.promise))
    const top = async (): Promise<number> => {
      const [left, right] = await Promise.all([side('left'), side('right')])
      return left + right
    }
    const first = cache.getOrSet('top', top)
    for (let turn = 0; turn < 20; turn++) await settle()
    const other = cache.getOrSet('other', () => cache.getOrSet('top', () => 0))
    for (let turn = 0; turn < 20; turn++) await settle()
    bottom.resolve(1)

    expect(await Promise.all([first, other])).toEqual([2, 2])
  })

  it('is none for code that a loader left running when it ended', async () => {
    const cache = make()
    const left = deferred<unknown>()
    const begin = deferred()
    await cache.getOrSet('k', () => {
      void begin.promise.then(() => left.resolve(cache.getOrSet('k', () => 2)))
      return 1
    })
    await cache.delete('k')
    // Another load is under way, so that the context of loads is in use.
    const other = deferred()
    const busy = cache.getOrSet('other', async () => {
      await other.promise
      return 0
    })
    await settle()
    begin.resolve()

    expect(await left.promise).toBe(2)
    other.resolve()
    await busy
  })

  it('is none for such code while what the loader answered is being stored', async () => {
    const primitives = mapPrimitives()
    const writing = deferred()
    const cache: BaseCache = new OwnCache({
      ...primitives,
      write: async (key, slot) => {
        writing.resolve()
        await settle()
        return primitives.write(key, slot)
      },
    })
    const left = deferred<unknown>()
    const other = deferred()
    const busy = cache.getOrSet('other', async () => other.promise)
    const answer = await cache.getOrSet('k', () => {
      void writing.promise.then(() => left.resolve(cache.getOrSet('k', () => 2)))
      return 1
    })

    expect(answer).toBe(1)
    expect(await left.promise).toBe(1)
    other.resolve()
    await busy
  })

  it('is none for a load that outlives the one that began it', async () => {
    const cache = make()
    const gate = deferred()
    let child!: Promise<number>
    await cache.getOrSet('parent', () => {
      child = cache.getOrSet('child', async () => {
        await gate.promise
        return cache.getOrSet('parent', () => 3)
      })
      return 1
    })
    await cache.delete('parent')
    gate.resolve()

    expect(await child).toBe(3)
  })
})
