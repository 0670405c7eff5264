import { describe, expect, it } from 'vitest'
import { BaseCache, MemoryCache, TieredCache, type Primitives } from '../../../src/index.ts'
import { requestScope } from '../../../src/scope/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf, thrownBy } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

/** A cache, and the keys that its store was asked for. */
function world(slow = true) {
  const reads: string[] = []
  const primitives: Primitives = mapPrimitives(slow)
  const counting: Primitives = {
    ...primitives,
    read: (key) => {
      reads.push(key)
      return primitives.read(key)
    },
  }
  const cache: BaseCache = new OwnCache(counting, { clock: new FakeClock() })
  return { cache, reads, asked: () => reads.splice(0) }
}

describe.each([
  ['slow', true],
  ['fast', false],
])('a scope over a %s store', (_, slow) => {
  it('asks once for a key, whether it is there or not', async () => {
    const { cache, asked } = world(slow)
    await cache.set('there', 1)
    asked()

    const mine = requestScope(cache)
    expect([await mine.get('there'), await mine.get('there')]).toEqual([1, 1])
    expect([await mine.get('absent'), await mine.get('absent')]).toEqual([undefined, undefined])
    expect(await mine.getMany(['there', 'absent'])).toEqual(new Map([['there', 1]]))
    expect(await mine.getOrSet('there', () => 2)).toBe(1)
    expect(asked()).toEqual(['there', 'absent'])
  })

  it('asks once for a key that several ask for at the same time', async () => {
    const { cache, asked } = world(slow)
    await cache.setMany({ a: 1, b: 2 })
    asked()

    const mine = requestScope(cache)
    const found = await Promise.all([mine.get('a'), mine.getMany(['b', 'a']), mine.get('b'), mine.get('a')])
    expect(found).toEqual([
      1,
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
      2,
      1,
    ])
    expect(asked()).toEqual(['a', 'b'])
  })

  it('loads what is absent, once, and remembers it', async () => {
    const { cache, asked } = world(slow)
    let loads = 0
    const load = async (): Promise<number> => ++loads

    const mine = requestScope(cache)
    expect(await mine.get('k')).toBeUndefined()
    expect(await Promise.all([mine.getOrSet('k', load), mine.getOrSet('k', load)])).toEqual([1, 1])
    expect(await mine.getOrSet('k', load)).toBe(1)
    asked()
    expect([await mine.getOrSet('k', load), await mine.get('k')]).toEqual([1, 1])
    expect(await mine.getOrSetMany(['k'], () => ({}))).toEqual(new Map([['k', 1]]))
    expect(asked()).toEqual([])
    expect(loads).toBe(1)
  })

  it('loads several keys, but for those that it remembers', async () => {
    const { cache, asked } = world(slow)
    const wanted: (readonly string[])[] = []
    const load = (keys: readonly string[]) => {
      wanted.push(keys)
      return new Map(keys.filter((key) => key !== 'none').map((key) => [key, key.toUpperCase()]))
    }

    const mine = requestScope(cache)
    await mine.getOrSet('a', () => 'A')
    expect([...(await mine.getOrSetMany(['b', 'a', 'none'], load))]).toEqual([
      ['b', 'B'],
      ['a', 'A'],
    ])
    asked()
    expect(await mine.get('b')).toBe('B')
    expect(await mine.getOrSetMany(['a', 'b'], load)).toEqual(
      new Map([
        ['a', 'A'],
        ['b', 'B'],
      ]),
    )
    expect(asked()).toEqual([])
    expect(wanted).toEqual([['b', 'none']])
  })

  it('gives each reader a value of his own', async () => {
    const { cache } = world(slow)
    await cache.set('list', [1])

    const mine = requestScope(cache)
    const first = await mine.get<number[]>('list')
    const [fromMany] = (await mine.getMany<number[]>(['list', 'other'])).values()
    const second = await mine.getOrSet('list', () => [0])
    first!.push(2)
    fromMany!.push(3)
    second.push(4)
    expect(await mine.get('list')).toEqual([1])
    const loaded = await mine.getOrSet('loaded', () => [1])
    loaded.push(2)
    expect(await mine.get('loaded')).toEqual([1])
    const many = await mine.getOrSetMany(['many'], () => ({ many: [1] }))
    many.get('many')!.push(2)
    expect(await mine.get('many')).toEqual([1])
  })

  it.each<[what: string, change: (cache: BaseCache) => Promise<unknown>, after: unknown]>([
    ['set', (cache) => cache.set('k', 2), 2],
    ['setMany', (cache) => cache.setMany({ k: 2 }), 2],
    ['delete', (cache) => cache.delete('k'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['k']), undefined],
    ['invalidate', (cache) => cache.invalidate('k'), undefined],
    ['invalidateTag', (cache) => cache.invalidateTag('t'), undefined],
    ['take', (cache) => cache.take('k'), undefined],
    ['increment', (cache) => cache.increment('k'), 2],
    ['decrement', (cache) => cache.decrement('k'), 0],
    ['refresh', (cache) => cache.refresh('k', () => 2), 2],
    ['a forced load', (cache) => cache.getOrSet('k', () => 2, { forceRefresh: true }), 2],
    [
      'a forced load of many',
      (cache) => cache.getOrSetMany(['k'], () => ({ k: 2 }), { forceRefresh: true }),
      2,
    ],
    ['a wrapped function', (cache) => cache.wrap(() => 2, { key: () => 'k' }).refresh(), 2],
    ['an invalidation of several', (cache) => cache.invalidate(new Set(['k'])), undefined],
    ['expire', (cache) => cache.expire('k', new Date(0)), undefined],
    ['deleteByPrefix', (cache) => cache.deleteByPrefix('k'), undefined],
    ['clear', (cache) => cache.clear(), undefined],
  ])('sees what it changes: %s', async (_, change, after) => {
    const { cache } = world(slow)
    await cache.set('k', 1, { tags: ['t'] })

    const mine = requestScope(cache)
    await mine.get('k')
    const changing = change(mine)
    // Whatever a read finds that the change overtakes is not what later ones find.
    const during = mine.get('k')
    await changing
    await during
    expect(await mine.get('k')).toBe(after)
    expect(await mine.getOrSet('k', () => 'loaded')).toBe(after ?? 'loaded')
  })

  it('does not remember a load that a change has overtaken', async () => {
    const { cache } = world(slow)
    const { promise, resolve } = deferred<string>()

    const mine = requestScope(cache)
    const signal = new AbortController().signal
    const loads = [
      mine.getOrSet('one', () => promise),
      mine.getOrSet('two', () => promise, { signal }),
      mine.getOrSetMany(['three'], async () => ({ three: await promise })),
    ]
    await settle()
    await mine.setMany({ one: 'new', two: 'new', three: 'new' })
    resolve('old')
    await Promise.all(loads)
    expect([...(await mine.getMany(['one', 'two', 'three'])).values()]).toEqual(['new', 'new', 'new'])
  })

  it('remembers no error, and no undefined', async () => {
    const { cache } = world(slow)
    const error = new Error('down')

    const mine = requestScope(cache)
    expect(await failureOf(() => mine.getOrSet('k', () => Promise.reject(error)))).toBe(error)
    expect(await mine.getOrSet('k', () => undefined)).toBeUndefined()
    expect(await mine.getOrSet('k', () => 1)).toBe(1)
  })

  it('asks again for whoever has a wish of his own', async () => {
    const { cache, asked } = world(slow)
    await cache.set('k', 1)
    const { token } = await cache.invalidate('other')

    const mine = requestScope(cache)
    await mine.get('k')
    asked()
    await mine.get('k', { after: token })
    await mine.getMany(['k'], { after: token })
    expect(asked()).toEqual(['k', 'k'])
    await mine.get('k')
    await mine.get('k')
    expect(asked()).toEqual(['k'])
  })

  it('lets a caller leave without those who wait for the same', async () => {
    const { cache } = world(slow)
    const { promise, resolve } = deferred<number>()
    const leaving = new AbortController()

    const mine = requestScope(cache)
    const left = failureOf(() => mine.getOrSet('k', () => promise, { signal: leaving.signal }))
    const stayed = mine.getOrSet('k', () => promise)
    await settle()
    leaving.abort(new Error('gone'))
    expect(await left).toBe(leaving.signal.reason)
    resolve(1)
    expect(await stayed).toBe(1)
  })

  it('keeps loaders out: what they make is made of what the cache has now', async () => {
    const { cache } = world(slow)
    await cache.set('part', 'old')
    const mine = requestScope(cache)
    const whole = (): Promise<string> =>
      mine.getOrSet('whole', async () => {
        const [part] = (await mine.getMany(['part'])).values()
        return `made of ${String(await mine.get('part'))}, ${String(part)}, ${await mine.getOrSet('part', () => 'none')}`
      })

    expect(await mine.get('part')).toBe('old')
    await cache.set('part', 'new')
    expect(await mine.get('part')).toBe('old')
    expect(await whole()).toBe('made of new, new, new')
    expect(await mine.get('part')).toBe('new')
  })

  it('keeps out the loaders of warm, refresh and wrapped functions', async () => {
    const { cache } = world(slow)
    await cache.set('part', 'old')
    const mine = requestScope(cache)
    const wrapped = mine.wrap(() => mine.get('part'), { name: 'whole' })

    for (const read of [
      async () => [await mine.warm({ warmed: () => mine.get('part') }), await mine.get('warmed')].at(-1),
      () => mine.refresh('refreshed', () => mine.get('part')),
      () => wrapped(),
    ]) {
      expect(await mine.get('part')).toBe('old')
      await cache.set('part', 'new')
      expect(await read()).toBe('new')
      await cache.set('part', 'old')
      await mine.set('part', 'old')
    }
  })

  it('finds a loader that waits for itself', async () => {
    const { cache } = world(slow)
    const mine = requestScope(cache)
    const circle = mine.getOrSet('k', () => mine.getOrSet('k', () => 1))
    expect(await failureOf(() => circle)).toMatchObject({ code: 'ERR_CACHE_RECURSIVE_LOAD' })
  })

  it('lets a read miss at once while the key is being loaded', async () => {
    const { cache } = world(slow)
    const mine = requestScope(cache)
    const { promise, resolve } = deferred<number>()
    const load = mine.getOrSet('k', () => promise)
    expect(await mine.get('k')).toBeUndefined()
    resolve(1)
    expect([await load, await mine.get('k')]).toEqual([1, 1])
  })

  it('sends calls in their order', async () => {
    const calls = async (of: BaseCache) =>
      Promise.all([of.set('k', 1), of.get('k'), of.set('k', 2), of.get('k'), of.take('k'), of.get('k')])
    const mine = requestScope(world(slow).cache)
    expect(await calls(mine)).toEqual(await calls(world(slow).cache))
    expect(await mine.get('k')).toBeUndefined()
  })
})

describe('a scope', () => {
  it('goes for namespaces, and keeps what they may see apart', async () => {
    const cache = new MemoryCache()
    const users = cache.namespace('user')
    await cache.set('user:1', 'written without the namespace')
    await users.set('2', 'Ada')

    const mine = requestScope(cache)
    const own = mine.namespace('user')
    expect(await mine.get('user:1')).toBe('written without the namespace')
    expect(await own.get('1')).toBeUndefined()
    expect(await mine.get('user:1')).toBe('written without the namespace')
    expect([await own.get('2'), await mine.namespace('user').get('2')]).toEqual(['Ada', 'Ada'])
    await own.set('2', 'Grace')
    expect([await mine.namespace('user').get('2'), await mine.get('user:2')]).toEqual(['Grace', 'Grace'])
    await own.clear()
    expect(await own.get('2')).toBeUndefined()
  })

  it('remembers what has no stored form, as it is', async () => {
    const cache = new MemoryCache({ logger: { warn() {}, error() {} } })
    class Unstorable {
      readonly value = 1
    }
    const load = (): Unstorable => new Unstorable()

    const mine = requestScope(cache)
    expect(await mine.getOrSet('k', load)).toBe(await mine.getOrSet('k', load))
  })

  it('remembers a bounded number of keys', async () => {
    const { cache, asked } = world(false)
    const keys = Array.from({ length: 10_001 }, (_, index) => `k${index}`)

    const mine = requestScope(cache)
    await mine.getMany(keys)
    asked()
    await mine.getMany(keys)
    expect(asked()).toEqual(['k10000'])
  })

  it('is a cache, whose closing leaves the cache open', async () => {
    const cache = new MemoryCache()
    {
      await using mine = requestScope(cache)
      expect(mine).toBeInstanceOf(BaseCache)
      expect(mine.constructor).toBe(MemoryCache)
      expect(mine.atomic).toBe(cache.atomic)
      await mine.set('k', 1)
      await mine.close()
      expect([await mine.get('k'), mine.stats().hits]).toEqual([1, 1])
      const keys: string[] = []
      for await (const key of mine.keys()) keys.push(key)
      expect(keys).toEqual(['k'])
      expect(await mine.deserialize(await mine.serialize({ a: 1 }))).toEqual({ a: 1 })
    }
    expect(await cache.get('k')).toBe(1)
    const scoped: unknown = requestScope(cache)
    expect(thrownBy(() => new TieredCache({ l1: scoped as MemoryCache, l2: cache }))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
    })
  })

  it('refuses what its cache refuses', async () => {
    const cache = new MemoryCache()
    const mine = requestScope(cache)
    for (const name of ['get', 'getOrSet', 'set', 'delete', 'has'] as const)
      expect(
        await failureOf(() => Reflect.apply(mine[name], mine, ['', () => 1]) as Promise<unknown>),
      ).toMatchObject({ code: 'ERR_CACHE_KEY' })
    await cache.close()
    expect(await failureOf(() => mine.get('k'))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })

  it.each([undefined, null, 'cache', {}, new Map()])('refuses %s', (wrong) => {
    expect(thrownBy(() => requestScope(wrong as never))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
      message: expect.stringContaining('is no cache'),
    })
  })

  it('has every change of a cache forgotten', () => {
    // A method that is new must be looked at: is it one that reads, or is it safe that all is forgotten around it?
    const methods =
      'atomic clear close constructor decrement delete deleteByPrefix deleteMany deserialize expire explain get getMany ' +
      'getOrSet getOrSetMany has health increment invalidate invalidateTag keys namespace on refresh serialize set ' +
      'setMany stats take ttl warm wrap'
    expect(Object.getOwnPropertyNames(BaseCache.prototype).toSorted().join(' ')).toBe(methods)
  })
})
