import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const ENGINES: Readonly<Record<string, (clock?: FakeClock) => BaseCache>> = {
  MemoryCache: (clock = new FakeClock()) => new MemoryCache({ clock }),
  'a cache over storeFrom': (clock = new FakeClock()) => new OwnCache(mapPrimitives(), { clock }),
  'a cache over slow primitives': (clock = new FakeClock()) => new OwnCache(mapPrimitives(true), { clock }),
}

/** A loader that counts its calls and answers when it is told to. */
function gatedLoader<T>(value: T) {
  const gate = deferred<T>()
  let calls = 0
  return {
    load: async (): Promise<T> => {
      calls++
      return gate.promise
    },
    open: () => gate.resolve(value),
    fail: gate.reject,
    get calls() {
      return calls
    },
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settle()
}

describe.each(Object.entries(ENGINES))('coalescing in %s', (_, make) => {
  it('runs the loader once for 100 concurrent callers', async () => {
    const cache = make()
    const loader = gatedLoader({ id: 1 })
    const callers = Array.from({ length: 100 }, async () => cache.getOrSet('k', loader.load))
    await turns(5)
    loader.open()

    expect(await Promise.all(callers)).toEqual(Array.from({ length: 100 }, () => ({ id: 1 })))
    expect(loader.calls).toBe(1)
    expect(cache.stats()).toMatchObject({
      loads: 1,
      coalesced: 99,
      misses: 100,
      hits: 0,
      writes: 1,
    })
  })

  it('lets callers who come later join the load that is under way', async () => {
    const cache = make()
    const loader = gatedLoader(1)
    const early = cache.getOrSet('k', loader.load)
    await turns(5)
    const late = cache.getOrSet('k', () => 2)
    await turns(5)
    loader.open()

    expect(await Promise.all([early, late])).toEqual([1, 1])
  })

  it('loads different keys at the same time', async () => {
    const cache = make()
    const loaders = [gatedLoader('a'), gatedLoader('b')]
    const callers = loaders.map(async (loader, index) => cache.getOrSet(`k${index}`, loader.load))
    await turns(5)

    expect(loaders.map((loader) => loader.calls)).toEqual([1, 1])
    for (const loader of loaders) loader.open()
    expect(await Promise.all(callers)).toEqual(['a', 'b'])
  })

  it.each(['generation', 'physical'] as const)(
    'shares the loads of a namespace of mode %s with its cache, by full key',
    async (mode) => {
      const cache = make()
      const loader = gatedLoader(1)
      const callers = [
        cache.namespace('user', { mode }).getOrSet('1', loader.load),
        cache.namespace('user', { mode }).getOrSet('1', loader.load),
        cache.getOrSet('user:1', loader.load),
      ]
      await turns(5)
      loader.open()

      expect(await Promise.all(callers)).toEqual([1, 1, 1])
      expect(loader.calls).toBe(1)
    },
  )

  it('does not share the load of a cache with a namespace, whose clear would not reach it', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const users = cache.namespace('user')
    const loader = gatedLoader(1)
    const ofCache = cache.getOrSet('user:1', loader.load)
    await turns(5)
    const ofNamespace = users.getOrSet('1', () => 2)
    loader.open()
    expect(await ofCache).toBe(1)
    await clock.advance('1s')

    expect(await ofNamespace).toBe(2)
    expect(await users.get('1')).toBe(2)
  })

  it('gives all 100 callers the one error of the one call, and the next caller starts anew', async () => {
    const cache = make()
    const loader = gatedLoader(1)
    const error = new Error('the database is down')
    const callers = Array.from({ length: 100 }, async () => failureOf(() => cache.getOrSet('k', loader.load)))
    await turns(5)
    loader.fail(error)
    const failures = await Promise.all(callers)

    expect(new Set(failures)).toEqual(new Set([error]))
    expect(failures[99]).toBe(error)
    expect(loader.calls).toBe(1)
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
    expect(cache.stats()).toMatchObject({ loads: 2, loadErrors: 1, coalesced: 99, errors: 0 })
  })

  it('is over for a load that began a minute ago without hardTimeout', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const loader = gatedLoader(1)
    const early = cache.getOrSet('k', loader.load)
    await turns(5)
    await clock.advance(59.999)
    const inTime = cache.getOrSet('k', () => 2)
    await turns(5)
    await clock.advance(0.001)
    const late = cache.getOrSet('k', () => 3)
    await turns(5)
    await clock.advance('1m')

    expect(await late).toBe(3)
    loader.open()
    expect(await Promise.all([early, inTime])).toEqual([1, 1])
  })

  it('lasts as long as a longer hardTimeout of the caller', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const loader = gatedLoader(1)
    const early = cache.getOrSet('k', loader.load, { hardTimeout: '5m' })
    await turns(5)
    await clock.advance('2m')
    const late = cache.getOrSet('k', () => 2, { hardTimeout: '5m' })
    await turns(5)
    loader.open()

    expect(await Promise.all([early, late])).toEqual([1, 1])
  })

  it('does not give a caller with forceRefresh a load that has begun, not even a forced one', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const [first, second] = [gatedLoader(1), gatedLoader(2)]
    const early = cache.getOrSet('k', first.load, { forceRefresh: true })
    await turns(5)
    const late = cache.getOrSet('k', second.load, { forceRefresh: true })
    await turns(5)

    expect([first.calls, second.calls]).toEqual([1, 1])
    first.open()
    second.open()
    expect(await Promise.all([early, late])).toEqual([1, 2])
  })

  it('does not give a caller with forceRefresh the load of a caller without, which may find a value', async () => {
    const cache = make()
    const plain = cache.getOrSet('k', () => 1)
    const forced = cache.getOrSet('k', () => 2, { forceRefresh: true })

    expect(await forced).toBe(2)
    expect([1, 2]).toContain(await plain)
  })

  it('makes no storm of a caller who tries again in the same turn', async () => {
    const cache = make()
    let calls = 0
    const load = async (): Promise<never> => {
      calls++
      await settle()
      throw new Error('down')
    }
    const callers = Array.from({ length: 100 }, async () => {
      await failureOf(() => cache.getOrSet('k', load))
      await failureOf(() => cache.getOrSet('k', load))
    })
    await Promise.all(callers)

    expect(calls).toBe(2)
  })

  it('stores null and not undefined', async () => {
    const cache = make()
    const loads: unknown[] = []
    const load = (value: null | undefined) => () => {
      loads.push(value)
      return value
    }

    expect(await cache.getOrSet('none', load(null))).toBe(null)
    expect(await cache.getOrSet('none', load(null))).toBe(null)
    expect(await cache.get('none')).toBe(null)
    expect(await cache.getOrSet('unknown', load(undefined))).toBe(undefined)
    expect(await cache.getOrSet('unknown', load(undefined))).toBe(undefined)
    expect(await cache.has('unknown')).toBe(false)
    expect(loads).toEqual([null, undefined, undefined])
  })

  it('does not hold up who asks again at once after a load that stored nothing', async () => {
    const cache = make()

    expect(await cache.getOrSet('k', () => undefined)).toBe(undefined)
    expect(await cache.getOrSet('k', () => 1, { ttl: new Date(0) })).toBe(1)
    await failureOf(() => cache.getOrSet('k', () => Promise.reject(new Error('down'))))
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
  })

  it('takes loaders that are not async, and thenables', async () => {
    const cache = make()
    // oxlint-disable-next-line unicorn/no-thenable
    const thenable = { then: (resolve: (value: number) => void) => resolve(5) } as PromiseLike<number>

    expect(await cache.getOrSet('a', () => 1)).toBe(1)
    expect(await cache.getOrSet('b', () => thenable)).toBe(5)
  })

  it('tells the loader the key as the caller gave it', async () => {
    const cache = make()

    expect(await cache.namespace('user', { keyVersion: 2 }).getOrSet('7', ({ key }) => key)).toBe('7')
  })

  it('runs no loader for a fresh entry, and stores for the given ttl', async () => {
    const clock = new FakeClock()
    const cache: BaseCache = new MemoryCache({ clock })
    await cache.getOrSet('k', () => 1, '10m')
    await clock.advance('9m')
    expect(await cache.getOrSet('k', () => 2, '10m')).toBe(1)
    await clock.advance('1m')

    expect(await cache.getOrSet('k', () => 2, '10m')).toBe(2)
  })

  it('measures the time that loads take', async () => {
    const clock = new FakeClock()
    const cache: BaseCache = new MemoryCache({ clock })
    await cache.getOrSet('a', async () => {
      await clock.advance(2)
      return 1
    })
    await failureOf(() =>
      cache.getOrSet('b', async () => {
        await clock.advance(3)
        throw new Error('down')
      }),
    )

    expect(cache.stats().loadTimeMs).toBe(5000)
  })
})
