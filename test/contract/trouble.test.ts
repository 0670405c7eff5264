import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryCache, StoreUnavailableError, type BaseCache, type CacheOptions } from '../../src/index.ts'
import { TypeRegistry } from '../../src/serialization/json/registry.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { settle } from '../support/deferred.ts'
import { failureOf } from '../support/error-of.ts'
import { FaultyPrimitives } from '../support/faulty-primitives.ts'
import { OwnCache } from '../support/own-cache.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

const FAILS = 'warn: the store fails; reads miss and writes answer false until it is back'
const BACK = 'info: the store is back'

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(() => {
  process.on('unhandledRejection', note)
})

afterAll(async () => {
  await settle()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

async function listOf(keys: AsyncIterable<string>): Promise<readonly string[]> {
  const list: string[] = []
  for await (const key of keys) list.push(key)
  return list
}

function makeCache(options: CacheOptions = {}) {
  const primitives = new FaultyPrimitives()
  const logger = new RecordingLogger()
  const clock = new FakeClock()
  const cache: BaseCache = new OwnCache(primitives, { logger, clock, ...options })
  return { cache, primitives, logger, clock }
}

/** Every method, and what it answers while the store is in trouble. */
const ANSWERS: readonly (readonly [
  method: string,
  call: (cache: BaseCache) => Promise<unknown>,
  answer: unknown,
])[] = [
  ['get', (cache) => cache.get('k'), undefined],
  ['getMany', (cache) => cache.getMany(['k', 'l']), new Map()],
  ['set', (cache) => cache.set('k', 1), false],
  ['setMany', (cache) => cache.setMany({ k: 1, l: 2 }), false],
  ['delete', (cache) => cache.delete('k'), false],
  ['deleteMany', (cache) => cache.deleteMany(['k', 'l']), 0],
  ['take', (cache) => cache.take('k'), undefined],
  ['has', (cache) => cache.has('k'), false],
  ['ttl', (cache) => cache.ttl('k'), undefined],
  ['expire', (cache) => cache.expire('k', 5), false],
  ['increment', (cache) => cache.increment('k'), undefined],
  ['decrement', (cache) => cache.decrement('k'), undefined],
  ['deleteByPrefix', (cache) => cache.deleteByPrefix('k'), undefined],
  ['clear', (cache) => cache.clear(), false],
  ['keys', (cache) => listOf(cache.keys()), []],
]

/** The methods with a loader: its value arrives all the same. */
const LOADS: typeof ANSWERS = [
  ['getOrSet', (cache) => cache.getOrSet('k', () => 'loaded'), 'loaded'],
  ['getOrSetMany', (cache) => cache.getOrSetMany(['k'], () => ({ k: 'loaded' })), new Map([['k', 'loaded']])],
]

describe.each(['throw', 'reject'] as const)('a store whose primitives %s', (fault) => {
  it.each([...ANSWERS, ...LOADS])('rejects no %s', async (_, call, answer) => {
    const { cache, primitives, logger } = makeCache()
    await cache.set('k', 1)
    primitives.fail(fault)

    expect(await call(cache)).toEqual(answer)
    expect(cache.stats().errors).toBeGreaterThan(0)
    expect(logger.summary).toEqual([FAILS])
    expect(logger.lines[0]!.details).toMatchObject({ cache: 'cache', err: primitives.cause })
  })

  it.each(ANSWERS)('serves %s again when it is back', async (_, call) => {
    const { cache, primitives, logger } = makeCache()
    primitives.fail(fault)
    await call(cache)
    primitives.heal()
    await call(cache)

    expect(logger.summary).toEqual([FAILS, BACK])
  })

  it.each(ANSWERS)('rejects %s for those who asked for it', async (method, call) => {
    const { cache, primitives } = makeCache({ onError: 'throw' })
    primitives.fail(fault)
    const error = await failureOf(() => call(cache))

    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error).toMatchObject({
      code: 'ERR_CACHE_STORE_UNAVAILABLE',
      message: `${method}: the store failed`,
      cause: primitives.cause,
    })
  })

  it.each(LOADS)('rejects %s for those who asked for it', async (_, call) => {
    const { cache, primitives } = makeCache({ onError: 'throw' })
    primitives.fail(fault)

    expect(await failureOf(() => call(cache))).toMatchObject({
      code: 'ERR_CACHE_STORE_UNAVAILABLE',
      cause: primitives.cause,
    })
  })

  it('fails the fill alone when only writes fail', async () => {
    const { cache, primitives } = makeCache()
    primitives.fail(fault, 'write')

    expect(await cache.getOrSet('k', () => 1)).toBe(1)
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
    expect(cache.stats()).toMatchObject({ errors: 2, loads: 2, writes: 0 })
  })
})

describe('trouble', () => {
  it('is counted for each call and logged once for each transition', async () => {
    const { cache, primitives, logger } = makeCache({ name: 'users' })
    for (let round = 1; round <= 3; round++) {
      primitives.fail('reject')
      for (let call = 0; call < 10; call++) await cache.get('k')
      expect(cache.stats()).toMatchObject({ errors: 10 * round, misses: 10 * round + round - 1 })
      primitives.heal()
      await cache.get('k')
    }

    expect(logger.summary).toEqual([FAILS, BACK, FAILS, BACK, FAILS, BACK])
    expect(logger.lines[0]!.details).toMatchObject({ cache: 'users', operation: 'get' })
    expect(logger.lines[1]!.details).toMatchObject({ cache: 'users' })
  })

  it('is logged once while reads work and writes fail, as on a full or read-only server', async () => {
    const { cache, primitives, logger } = makeCache()
    primitives.fail('reject', 'write')
    for (let call = 0; call < 10; call++) {
      await cache.set('k', 1)
      await cache.get('k')
      await cache.getOrSet('k', () => 1)
    }
    expect(logger.summary).toEqual([FAILS])

    primitives.heal()
    await cache.set('k', 1)
    await cache.delete('k')
    await cache.getOrSet('k', () => 1)

    expect(logger.summary).toEqual([FAILS, BACK])
  })

  it('is over a minute after the last failure, though what failed was not called again', async () => {
    const { cache, primitives, logger, clock } = makeCache()
    primitives.fail('reject', 'keys')
    await cache.clear()
    await cache.get('k')
    await clock.advance(59)
    await cache.get('k')
    expect(logger.summary).toEqual([FAILS])

    await clock.advance(1)
    await cache.get('k')
    await cache.get('k')
    expect(logger.summary).toEqual([FAILS, BACK])

    await cache.clear()
    expect(logger.summary).toEqual([FAILS, BACK, FAILS])
  })

  it('survives a logger that throws', async () => {
    const logger = {
      warn() {
        throw new Error('no disk for logs either')
      },
      error() {},
    }
    const { cache, primitives } = makeCache({ logger })
    primitives.fail('throw')

    expect(await cache.get('k')).toBe(undefined)
    expect(cache.stats().errors).toBe(1)
  })

  it('ends the waiting of callers whose signal is aborted, when the store hangs', async () => {
    const { cache, primitives } = makeCache()
    const reason = new Error('too long')
    const calls: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => cache.get('k', { signal }),
      (signal) => cache.getMany(['k'], { signal }),
      (signal) => cache.getOrSet('k', () => 1, { signal }),
      (signal) => cache.getOrSetMany(['k'], () => ({ k: 1 }), { signal }),
    ]
    primitives.fail('hang')
    for (const call of calls) {
      const controller = new AbortController()
      const failure = failureOf(() => call(controller.signal))
      await settle()
      controller.abort(reason)

      expect(await failure).toBe(reason)
    }
    expect(cache.stats().errors).toBe(0)
  })

  it('never asks the store for a caller whose signal was aborted before', async () => {
    const { cache, primitives } = makeCache({ onError: 'throw' })
    const reason = new Error('gone already')
    const signal = AbortSignal.abort(reason)
    primitives.fail('reject')

    expect(await failureOf(() => cache.get('k', { signal }))).toBe(reason)
    expect(await failureOf(() => cache.getMany(['k'], { signal }))).toBe(reason)
    expect(await failureOf(() => cache.getOrSet('k', () => 1, { signal }))).toBe(reason)
    expect(await failureOf(() => cache.getOrSetMany(['k'], () => ({}), { signal }))).toBe(reason)
    expect(cache.stats().errors).toBe(0)
  })

  it('does not end a listing that the caller leaves early', async () => {
    const { cache, logger } = makeCache()
    await cache.setMany({ a: 1, b: 2 })
    for await (const key of cache.keys()) {
      expect(key).toBe('a')
      break
    }

    expect(logger.summary).toEqual([])
  })

  it('in closing is noted, and close() resolves', async () => {
    const primitives = Object.assign(new FaultyPrimitives(), {
      close: async () => {
        throw new Error('busy')
      },
    })
    const logger = new RecordingLogger()
    const cache = new OwnCache(primitives, { logger, onError: 'throw' })

    await cache.close()

    expect(cache.stats().errors).toBe(1)
    expect(logger.summary).toEqual([FAILS])
  })
})

describe('an entry that can not be read', () => {
  class Money {
    readonly cents: number
    constructor(cents: number) {
      this.cents = cents
    }
  }
  let broken = false
  const registry = new TypeRegistry().register(Money, {
    encode: ({ cents }) => cents,
    decode(cents: number) {
      if (broken) throw new Error('an older form')
      return new Money(cents)
    },
  })

  async function makeBroken(options: CacheOptions = {}) {
    const logger = new RecordingLogger()
    const cache: BaseCache = new MemoryCache({ registry, logger, clock: new FakeClock(), ...options })
    broken = false
    await cache.setMany({ money: new Money(5), good: 1 })
    broken = true
    return { cache, logger }
  }

  it.each<[string, (cache: BaseCache) => Promise<unknown>, unknown]>([
    ['get', (cache) => cache.get('money'), undefined],
    ['getMany', (cache) => cache.getMany(['money', 'good']), new Map([['good', 1]])],
    ['take', (cache) => cache.take('money'), undefined],
    ['getOrSet', (cache) => cache.getOrSet('money', () => 7), 7],
    ['getOrSetMany', (cache) => cache.getOrSetMany(['money'], () => ({ money: 7 })), new Map([['money', 7]])],
  ])('is a miss of %s, counted, and no trouble of the store', async (_, call, answer) => {
    const { cache, logger } = await makeBroken()

    expect(await call(cache)).toEqual(answer)
    expect(await cache.get('good')).toBe(1)
    expect(cache.stats()).toMatchObject({ errors: 0 })
    expect(cache.stats().unreadable).toBeGreaterThan(0)
    expect(logger.summary).toEqual(['warn: an entry can not be read and is taken for absent'])
  })

  it('is logged once, however often it is read', async () => {
    const { cache, logger } = await makeBroken()
    for (let call = 0; call < 10; call++) {
      await cache.get('money')
      await cache.get('good')
    }

    expect(cache.stats()).toMatchObject({ unreadable: 10, errors: 0, misses: 10, hits: 10 })
    expect(logger.lines).toHaveLength(1)
    expect(logger.lines[0]!.details).toMatchObject({ operation: 'get', key: 'money' })
  })

  it('counts as one miss in a read of several', async () => {
    const { cache } = await makeBroken()
    await cache.getMany(['absent', 'money', 'good'])

    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2 })
  })

  it('is absent for those, too, who want exceptions', async () => {
    const { cache } = await makeBroken({ onError: 'throw' })

    expect(await cache.get('money')).toBeUndefined()
    expect(await cache.getOrSet('money', () => 7)).toBe(7)
    expect(await cache.get('money')).toBe(7)
  })
})

describe("a loader's own error", () => {
  const failures = [new Error('no such user'), 'text', 5, null, undefined, { code: 1 }]

  it.each(failures)('reaches every caller as it is: %o', async (failure) => {
    const { cache, logger } = makeCache()
    const loaders = [
      () => {
        throw failure
      },
      async () => {
        throw failure
      },
    ]
    for (const loader of loaders) {
      expect(await failureOf(() => cache.getOrSet('k', loader))).toBe(failure)
      expect(await failureOf(() => cache.getOrSetMany(['k', 'l'], loader))).toBe(failure)
    }
    expect(cache.stats()).toMatchObject({ loads: 4, loadErrors: 4, errors: 0, writes: 0 })
    expect(logger.lines).toEqual([])
  })

  it('is not wrapped under onError: throw either', async () => {
    const { cache } = makeCache({ onError: 'throw' })
    const failure = new Error('no such user')

    expect(await failureOf(() => cache.getOrSet('k', () => Promise.reject(failure)))).toBe(failure)
  })

  it('reaches the caller when the store is in trouble, too', async () => {
    const { cache, primitives } = makeCache()
    const failure = new Error('no such user')
    primitives.fail('reject')

    expect(await failureOf(() => cache.getOrSet('k', () => Promise.reject(failure)))).toBe(failure)
  })
})
