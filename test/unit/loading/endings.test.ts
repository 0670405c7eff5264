import { createContext, runInContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BaseCache, LoadContext, WrapOptions } from 'cachette'
import { loadContext } from 'cachette/memoize'
import { failureOf } from '../../support/error-of.ts'
import { onEveryEngine } from '../../support/every-engine.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'

// Whatever a loader, a value, a logger or an option does: a load ends, and gives back what it took.

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(() => {
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
})
afterAll(() => {
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unhandled).toEqual([])
})

/** Expects that nothing is stored, whether the loader says so or the options of a wrapped function compute it. */
async function storesNothing(
  cache: BaseCache,
  say: (context: LoadContext) => void,
  computed: Pick<WrapOptions<[id: number]>, 'ttl' | 'tags'>,
): Promise<void> {
  const load = (context: LoadContext): string => {
    say(context)
    return 'loaded'
  }
  expect(await cache.getOrSet('k', load)).toBe('loaded')
  expect(await cache.get('k')).toBe(undefined)
  let calls = 0
  const find = cache.wrap(async (id: number) => `${id} ${++calls}`, { name: 'find', ...computed })
  expect(await find(7)).toBe('7 1')
  expect(await find(7)).toBe('7 2')
}

const hostile = (): never => {
  throw new Error('hostile')
}
const THROWN: readonly (readonly [string, unknown])[] = [
  ['an object without a prototype', Object.create(null)],
  [
    'a Proxy that throws',
    new Proxy({}, { get: hostile, getPrototypeOf: hostile, ownKeys: hostile, has: hostile }),
  ],
  ['an error whose message throws', Object.defineProperty(new Error('x'), 'message', { get: hostile })],
  ['an error whose message is no text', Object.assign(new Error('x'), { message: Symbol('no text') })],
  ['an object whose toString throws', { toString: hostile }],
  ['an error of a megabyte', new Error('x'.repeat(1_000_000))],
  ['a symbol', Symbol('thrown')],
  ['undefined', undefined],
  ['null', null],
  ['a function', () => 5],
  ['an error of another realm', runInContext('new TypeError("foreign")', createContext({}))],
  ['a lone surrogate', new Error('\uD800')],
]

onEveryEngine('a load', ({ make, isShared }) => {
  it.each(THROWN)('that throws %s gives that to all who wait', async (_, thrown) => {
    for (const isLate of [false, true]) {
      const cache = await make({ loadErrorTtl: '1m' })
      let loads = 0
      const load = (): unknown => {
        loads++
        if (isLate) return Promise.reject(thrown)
        throw thrown
      }
      const calls = [cache.getOrSet('k', load), cache.getOrSet('k', load), cache.getOrSet('k', load)]
      const results = await Promise.allSettled(calls)
      for (const result of results)
        expect(Object.is((result as PromiseRejectedResult).reason, thrown)).toBe(true)
      expect(loads).toBe(1)

      const cooling = (await failureOf(() => cache.getOrSet('k', load))) as Error
      expect(cooling).toMatchObject({ code: 'ERR_CACHE_LOAD_COOLDOWN' })
      expect(cooling.message.length).toBeLessThanOrEqual(1000)
      await cache.close()
    }
  })

  it.each(THROWN)('in the background that throws %s leaves the stale value', async (_, thrown) => {
    const logger = new RecordingLogger()
    const cache = await make({ loadErrorTtl: '1m', grace: '1h', logger })
    await cache.set('k', 'old', { ttl: '1h', grace: '1h' })
    await cache.invalidate('k', { keepStale: true })

    expect(await cache.getOrSet('k', () => Promise.reject(thrown))).toBe('old')
    await until('the failure to be counted', () => cache.stats().loadErrors === 1)
    await until('the cool-down', async () => {
      await cache.getOrSet('k', () => 'new')
      return cache.stats().staleServed.cooldown > 0 || !isShared
    })
    expect(logger.lines.filter(({ message }) => message.includes('refresh'))).toHaveLength(1)
    await cache.close()
  })

  it('of several keys gives back the leases of the others when a value can not be stored', async () => {
    const cache = await make({ onError: 'throw' })
    const answer = { a: 'A', b: () => 'unstorable', c: 'C' }
    const first = await failureOf(() => cache.getOrSetMany(['a', 'b', 'c'], () => answer as never))
    expect(first).toMatchObject({ code: 'ERR_CACHE_SERIALIZATION' })

    const begun = performance.now()
    expect(await cache.getOrSet('a', () => 'again')).toBe('A')
    expect(await cache.getOrSet('c', () => 'again')).toBe('C')
    expect(await cache.getOrSet('b', () => 'again')).toBe('again')
    expect(performance.now() - begun).toBeLessThan(4000)
    await cache.close()
  })

  it('of several keys gives back the leases of the others when a getter of the answer throws', async () => {
    const cache = await make()
    const thrown = new Error('getter')
    const answer = {
      a: 'A',
      get b(): string {
        throw thrown
      },
      c: 'C',
    }
    expect(await failureOf(() => cache.getOrSetMany(['a', 'b', 'c'], () => answer))).toBe(thrown)

    expect(await cache.getOrSet('a', () => 'again')).toBe('A')
    expect(await cache.getOrSet('c', () => 'again')).toBe('C')
    expect(await cache.getOrSet('b', () => 'again')).toBe('again')
    expect(cache.stats().loadErrors).toBe(1)
    await cache.close()
  })

  it('ends when the logger throws, or rejects', async () => {
    for (const log of [hostile, () => Promise.reject(new Error('later'))]) {
      const logger = { warn: log, error: log, info: log }
      const cache = await make({ logger, loadErrorTtl: '1s' })
      expect(await cache.getOrSet('k', () => Symbol('unstorable'))).toBeTypeOf('symbol')
      expect(await cache.set('k', () => 5)).toBe(false)
      expect(await cache.getOrSet('k', () => 'stored')).toBe('stored')
      expect(await cache.get('k')).toBe('stored')
      await cache.close()
    }
  })

  it('that ends at once runs once for callers of the same moment', async () => {
    for (const load of [
      hostile,
      () => undefined,
      () => Symbol('unstorable'),
      ({ setTtl }: { setTtl(ttl: number): void }) => {
        setTtl(0)
        return 'not stored'
      },
      ({ doNotStore }: { doNotStore(): void }) => {
        doNotStore()
        return 'not stored'
      },
    ]) {
      const cache = await make()
      let loads = 0
      const counted = (context: never): unknown => {
        loads++
        return load(context)
      }
      await Promise.allSettled([1, 2, 3].map(() => cache.getOrSet('k', counted as never)))
      expect(loads).toBe(1)
      await cache.getOrSet('k', counted as never).catch(() => undefined)
      expect(loads).toBe(2)
      await cache.close()
    }
  })

  it('renews what is stale when its loader says that it has not changed', async () => {
    for (const value of ['text', { a: [1, new Date(5)] }, 5, null, new Uint8Array([1, 2])]) {
      const cache = await make()
      await cache.set('k', value, { ttl: '1h', grace: '1h' })
      // Kept in every tier before it is stale.
      await cache.get('k')
      await cache.invalidate('k', { keepStale: true })
      if (value === null) continue
      const options = { ttl: '1h', grace: '1h', softTimeout: '5s' } as const
      let asked = 0
      const load = (({ stale, notModified }: { stale: unknown; notModified(): unknown }) => {
        asked++
        expect(stale).toEqual(value)
        return notModified()
      }) as never
      expect(await cache.getOrSet('k', load, options)).toEqual(value)
      expect(await cache.get('k')).toEqual(value)
      expect(asked).toBe(1)
      expect(cache.stats().errors).toBe(0)
      await cache.close()
    }
  })

  it('renews what its ttl has made stale, from the nearest tier', async () => {
    const cache = await make()
    await cache.set('k', { n: 1 }, { ttl: 0.3, grace: '1h' })
    await cache.get('k')
    await until('the value to be stale', async () => (await cache.get('k')) === undefined)
    const load = (({ notModified }: { notModified(): unknown }) => notModified()) as never
    const options = { ttl: '1h', grace: '1h', softTimeout: '5s' } as const
    expect(await cache.getOrSet('k', load, options)).toEqual({ n: 1 })
    expect(await cache.get('k')).toEqual({ n: 1 })
    expect(cache.stats()).toMatchObject({ errors: 0, refusedFills: 0 })
    await cache.close()
  })

  it('renews what is fresh in a forced refresh', async () => {
    const cache = await make()
    await cache.set('k', ['v'], { ttl: '1h' })
    await cache.get('k')
    const load = (({ notModified }: { notModified(): unknown }) => notModified()) as never
    expect(await cache.refresh('k', load, '2h')).toEqual(['v'])
    expect(await cache.ttl('k')).toBeGreaterThan(3600)
    expect(cache.stats().errors).toBe(0)
    await cache.close()
  })

  it.each([0, -1, '0s', { seconds: -5 }, new Date(0)])(
    'with a computed ttl of %o is not stored',
    async (ttl) => {
      const logger = new RecordingLogger()
      const cache = await make({ logger })
      await storesNothing(cache, (context) => context.setTtl(ttl), { ttl: () => ttl })
      logger.forgetStart()
      expect(logger.lines).toEqual([])
      await cache.close()
    },
  )

  const MANY = Array.from({ length: 33 }, (_, index) => `t${index}`)
  it.each([[MANY], [['']], [['!x']], ['text'], [[5]], [{ a: 1 }], [new Set(['a'])]])(
    'with computed tags %o is not stored, with one line',
    async (tags) => {
      const logger = new RecordingLogger()
      const cache = await make({ logger })
      await storesNothing(cache, (context) => context.setTags(tags as never), { tags: () => tags as never })
      const named = cache.wrap(
        async () => {
          loadContext()!.setTags(tags as never)
          return 'named'
        },
        { name: 'named' },
      )
      expect(await named()).toBe('named')
      logger.forgetStart()
      expect(logger.summary).toEqual(['warn: a loaded value is not stored'])
      await cache.close()
    },
  )

  it('with computed tags that are too many together with those of the cache is not stored', async () => {
    const logger = new RecordingLogger()
    const cache = await make({ logger, tags: ['of the cache'] })
    const find = cache.wrap(async () => 'found', { name: 'find', tags: () => MANY.slice(0, 32) })
    expect(await find()).toBe('found')
    expect(await cache.get(find.key())).toBe(undefined)
    logger.forgetStart()
    expect(logger.summary).toEqual(['warn: a loaded value is not stored'])
    await cache.close()
  })

  it('with a computed grace of nothing has none', async () => {
    const cache = await make()
    const say = (({ setGrace }: { setGrace(grace: unknown): void }) => {
      setGrace(0)
      return 'loaded'
    }) as never
    expect(await cache.getOrSet('k', say, { ttl: '1h', grace: '1h' })).toBe('loaded')
    await cache.invalidate('k', { keepStale: true })
    expect(await cache.get('k', { stale: true })).toBe(undefined)
    await cache.close()
  })
})
