import { describe, expect, it } from 'vitest'
import { MemoryCache, StoreUnavailableError } from '../../../src/index.ts'
import { Lock } from '../../../src/lock/index.ts'
import { RateLimiter, RateLimitError, type RateLimiterOptions } from '../../../src/ratelimit/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { SharedStore } from '../../support/shared-store.ts'

// More than the area holds. `npm run test:limits` asks for a million.
const ROTATED = Number(process.env['CACHETTE_LIMIT_KEYS'] ?? 150_000)
const API = { name: 'api', limit: 3, window: '1m', algorithm: 'fixed-window' } as const

function inMemory(options: RateLimiterOptions = API, maxStates?: number) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, ...(maxStates !== undefined && { maxStates }) })
  return { clock, cache, limiter: new RateLimiter(cache, options) }
}

describe('a rate limiter', () => {
  it('admits up to the limit, says when to come again, and admits then', async () => {
    const { clock, limiter } = inMemory()

    expect(await limiter.consume('a')).toMatchObject({
      allowed: true,
      limit: 3,
      remaining: 2,
      retryAfterMs: 0,
    })
    await clock.advance('20s')
    expect(await limiter.consume('a', 2)).toMatchObject({ allowed: true, remaining: 0, resetMs: 40_000 })
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 40_000 })
    expect(await limiter.consume('b')).toMatchObject({ allowed: true })
    await clock.advance('40s')
    expect(await limiter.consume('a')).toMatchObject({ allowed: true, remaining: 2, decidedBy: 'store' })
  })

  it('counts nothing that it refuses', async () => {
    const { limiter } = inMemory()
    await limiter.consume('a', 2)

    expect(await limiter.consume('a', 2)).toMatchObject({ allowed: false, remaining: 1 })
    expect(await limiter.consume('a')).toMatchObject({ allowed: true, remaining: 0 })
  })

  it('refuses for ever what no limit admits at once', async () => {
    const { limiter } = inMemory({ name: 'api', limit: 100, window: '1m', burst: 5 })

    expect(await limiter.consume('a', 6)).toMatchObject({
      allowed: false,
      retryAfterMs: Infinity,
      remaining: 5,
    })
  })

  it('throws on request, with what it answered', async () => {
    const { limiter } = inMemory()

    expect(await limiter.enforce('a', 3)).toMatchObject({ allowed: true })
    const error: unknown = await limiter.enforce('a').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({
      code: 'ERR_CACHE_RATE_LIMIT',
      result: { allowed: false, retryAfterMs: 60_000 },
    })
    expect((error as Error).message).toBe("api: more than 3 for 'a'; try again in 60000 ms")
  })

  it('looks without taking', async () => {
    const { limiter } = inMemory()

    expect(await limiter.peek('a', 3)).toMatchObject({ allowed: true, remaining: 3, resetMs: 0 })
    await limiter.consume('a', 3)
    expect(await limiter.peek('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 60_000 })
  })

  it('takes a penalty beyond the limit', async () => {
    const { clock, limiter } = inMemory({ name: 'logins', limit: 2, window: '1m' })

    expect(await limiter.penalty('a', 1)).toMatchObject({ allowed: true, remaining: 1 })
    expect(await limiter.penalty('a', 3)).toMatchObject({
      allowed: false,
      remaining: 0,
      retryAfterMs: 90_000,
    })
    await clock.advance(90)
    expect(await limiter.consume('a')).toMatchObject({ allowed: true })
  })

  it('blocks a key, and what was taken stays taken', async () => {
    const { clock, limiter } = inMemory()
    await limiter.consume('a')

    expect(await limiter.block('a', '5s')).toBe(true)
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 5000 })
    expect(await limiter.peek('a')).toMatchObject({ allowed: false, retryAfterMs: 5000 })
    await clock.advance(5)
    expect(await limiter.consume('a')).toMatchObject({ allowed: true, remaining: 1 })
    await limiter.block('a', '10m')
    await limiter.block('a', '1s')
    await clock.advance(1)
    expect(await limiter.peek('a')).toMatchObject({ allowed: true, remaining: 1 })
  })

  it('blocks with a refusal where it is told so, and counts anew after the block', async () => {
    const { clock, limiter } = inMemory({ ...API, limit: 2, blockFor: '5m' })
    await limiter.consume('a', 2)
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 300_000 })
    await clock.advance('4m')
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, retryAfterMs: 60_000 })
    await clock.advance('1m')
    expect(await limiter.consume('a')).toMatchObject({ allowed: true, remaining: 1 })
    expect(() => inMemory({ ...API, blockFor: Infinity })).toThrow(/blockFor: Infinity has no end/)
  })

  it('forgets a key', async () => {
    const { limiter } = inMemory()
    await limiter.consume('a', 3)
    await limiter.block('a', '1h')

    expect(await limiter.reset('a')).toBe(true)
    expect(await limiter.reset('a')).toBe(false)
    expect(await limiter.peek('a')).toMatchObject({ allowed: true, remaining: 3 })
  })

  it('takes from several limits or from none, and speaks for the one that leaves least', async () => {
    const { clock, limiter } = inMemory({
      name: 'api',
      limits: [
        { name: 'second', limit: 2, window: '1s', algorithm: 'fixed-window' },
        { name: 'hour', limit: 3, window: '1h', algorithm: 'sliding-window' },
      ],
    })
    await limiter.consume('a', 2)
    expect(await limiter.consume('a')).toMatchObject({
      allowed: false,
      limit: 2,
      remaining: 0,
      retryAfterMs: 1000,
    })
    await clock.advance(1)
    const third = await limiter.consume('a')
    expect(third).toMatchObject({ allowed: true, limit: 3, remaining: 0 })
    expect(third.limits.map(({ name, remaining }) => [name, remaining])).toEqual([
      ['second', 1],
      ['hour', 0],
    ])
    await clock.advance(1)
    const fourth = await limiter.consume('a')
    expect(fourth.retryAfterMs).toBeGreaterThan(3_590_000)
    // Nothing was taken from the limit that had room.
    expect(fourth.limits[0]!.remaining).toBe(2)
  })

  it('counts together with one of the same name and windows, apart from others', async () => {
    const { cache, limiter } = inMemory()
    await limiter.consume('a', 2)
    const remainingOf = async (options: RateLimiterOptions): Promise<number> =>
      (await new RateLimiter(cache.namespace('any'), options).peek('a')).remaining

    expect(await remainingOf(API)).toBe(1)
    expect(await remainingOf({ ...API, limit: 10 })).toBe(8)
    expect(await remainingOf({ ...API, name: 'other' })).toBe(3)
    expect(await remainingOf({ ...API, window: '2m' })).toBe(3)
  })

  it(`is not reset by ${ROTATED} other keys`, async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock })
    const limiter = new RateLimiter(cache, {
      ...API,
      window: '1h',
      whenUnavailable: 'deny',
      logger: new RecordingLogger(),
    })
    await limiter.consume('victim', 3)
    for (let count = 0; count < ROTATED; count++) await limiter.consume(`rotated-${count}`, 3)

    expect(await limiter.consume('victim')).toMatchObject({
      allowed: false,
      remaining: 0,
      decidedBy: 'store',
    })
    expect(await limiter.consume('rotated-5')).toMatchObject({ allowed: false, decidedBy: 'store' })
    expect(await limiter.consume('one more')).toMatchObject({ allowed: false, decidedBy: 'deny' })
    await clock.advance('1h')
    expect(await limiter.consume('one more')).toMatchObject({ allowed: true, decidedBy: 'store' })
  })

  it('limits new keys while somebody rotates addresses, and keeps who has used up a limit', async () => {
    const { limiter } = inMemory({ ...API, window: '1h' }, 1000)
    await limiter.consume('victim', 3)
    for (let count = 0; count < 5000; count++) await limiter.consume(`rotated-${count}`)

    expect(await limiter.consume('victim')).toMatchObject({ allowed: false, decidedBy: 'store' })
    const answers: boolean[] = []
    for (let count = 0; count < 5; count++) answers.push((await limiter.consume('new')).allowed)
    expect(answers).toEqual([true, true, true, false, false])
  })

  it('counts keys without room as one', async () => {
    const options = { ...API, window: '1h', logger: new RecordingLogger() } as const
    const { clock, limiter } = inMemory(options, 100)
    for (let count = 0; count < 100; count++) await limiter.consume(`used-up-${count}`, 3)
    const answers: [boolean, string][] = []
    for (let count = 0; count < 5; count++) {
      const { allowed, decidedBy } = await limiter.consume(`new-${count}`)
      answers.push([allowed, decidedBy])
    }
    expect(answers).toEqual([true, true, true, false, false].map((allowed) => [allowed, 'memory']))
    expect(await limiter.block('new', '1h')).toBe(false)
    await clock.advance('1h')
    expect(await limiter.consume('new')).toMatchObject({ allowed: true, decidedBy: 'store' })
  })

  it('leaves locks alone, however full it is', async () => {
    const { cache, limiter } = inMemory({ ...API, logger: new RecordingLogger() }, 10)
    for (let count = 0; count < 100; count++) await limiter.consume(`used-up-${count}`, 3)
    for (let count = 0; count < 100; count++)
      expect(await new Lock(cache, `l${count}`).tryAcquire()).toBeDefined()
  })

  it.each(['gcra', 'fixed-window', 'sliding-window'] as const)(
    'counts exactly up to 2^53: %s',
    async (algorithm) => {
      const { limiter } = inMemory({ name: 'api', limit: 3, window: '30d', algorithm })
      const answer = await limiter.penalty('a', 123_456_789)
      expect(answer).toMatchObject({ allowed: false, remaining: 0, decidedBy: 'store' })
      expect(Number.isSafeInteger(answer.retryAfterMs)).toBe(true)
      expect(await limiter.consume('a')).toMatchObject({ allowed: false })
    },
  )

  it.each<[Partial<Record<string, unknown>>, RegExp]>([
    [{ name: 'a b' }, /name: 'a b' is not a name/],
    [{ limit: 0 }, /limit: 0 is not a whole number from 1/],
    [{ limit: 1.5 }, /limit: 1.5 is not a whole number/],
    [{ window: 0 }, /window: 0 is not a duration/],
    [{ window: Infinity }, /window: Infinity has no end/],
    [{ window: new Date() }, /a span such as '1m' is needed/],
    [{ burst: 5 }, /fixed-window has none, only gcra does/],
    [{ algorithm: 'gcra', burst: 0 }, /burst: 0 is not a whole number/],
    [{ algorithm: 'gcra', limit: 1e9, window: '90d' }, /too much for gcra/],
    [{ algorithm: 'leaky' }, /algorithm: 'leaky' is not one of/],
    [{ whenUnavailable: 'panic' }, /whenUnavailable: 'panic' is not one of/],
    [{ windows: 5 }, /unknown option 'windows'/],
    [{ limits: [] }, /unknown option|is not a list of 1 to 16 limits/],
    [{ logger: {} }, /logger/],
  ])('refuses %o', (options, message) => {
    expect(() => inMemory({ ...API, ...options })).toThrow(message)
  })

  it('refuses wrong arguments', async () => {
    const { limiter } = inMemory()

    await expect(limiter.consume('')).rejects.toThrow(/must not be empty/)
    await expect(limiter.consume('a', 0)).rejects.toThrow(/consume: 0 is not a whole number from 1/)
    await expect(limiter.block('a', Infinity)).rejects.toThrow(/block: Infinity has no end/)
  })

  it('refuses a cache whose engine keeps no limits', () => {
    expect(() => new RateLimiter(new OwnCache(mapPrimitives(true)), API)).toThrow(/keeps no limits/)
  })
})

describe('a rate limiter on a store that processes share', () => {
  const make = (options: Partial<RateLimiterOptions> = {}) => {
    const store = new SharedStore()
    const logger = new RecordingLogger()
    const all = { ...API, logger, ...options } as RateLimiterOptions
    return { store, logger, clock: store.clock, limiter: new RateLimiter({ atomic: store }, all) }
  }
  const down = { error: new StoreUnavailableError('down'), isDone: false }

  it('refuses what it knows to be refused without a question', async () => {
    const { store, clock, limiter } = make()
    await limiter.consume('a', 3)
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, decidedBy: 'store' })
    store.asked.length = 0
    for (let count = 0; count < 1000; count++) {
      expect((await limiter.consume('a')).decidedBy).toBe('block-list')
    }
    await clock.advance(4)

    expect(await limiter.peek('a')).toMatchObject({
      allowed: false,
      decidedBy: 'block-list',
      retryAfterMs: 56_000,
      resetMs: 56_000,
    })
    expect(store.asked).toEqual([])
    await clock.advance(6)
    expect(await limiter.consume('a')).toMatchObject({
      allowed: false,
      decidedBy: 'store',
      retryAfterMs: 50_000,
    })
    await clock.advance(50)
    expect(await limiter.consume('a')).toMatchObject({ allowed: true, decidedBy: 'store' })
  })

  it('asks for less than what was refused', async () => {
    const { limiter } = make()
    await limiter.consume('a')
    await limiter.consume('a', 3)

    expect(await limiter.consume('a', 4)).toMatchObject({ allowed: false, decidedBy: 'block-list' })
    expect(await limiter.consume('a', 2)).toMatchObject({ allowed: true, decidedBy: 'store' })
  })

  it('forgets what it knows on a reset, a penalty or a block of its own', async () => {
    const { limiter } = make()
    await limiter.consume('a', 3)
    await limiter.consume('a')
    await limiter.reset('a')
    expect(await limiter.consume('a', 3)).toMatchObject({ allowed: true })
    await limiter.consume('a')
    await limiter.block('a', '2m')
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, retryAfterMs: 120_000 })
  })

  it('does not keep a refusal that was overtaken by a reset', async () => {
    const { store, limiter } = make()
    await limiter.consume('a', 3)
    let open = (): void => undefined
    store.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const refused = limiter.consume('a')
    store.gate = undefined
    await limiter.reset('a')
    open()
    expect(await refused).toMatchObject({ allowed: false })

    expect(await limiter.consume('a')).toMatchObject({ allowed: true })
  })

  it('has no list when told so', async () => {
    const { store, limiter } = make({ blockList: false })
    await limiter.consume('a', 3)
    for (let count = 0; count < 3; count++) await limiter.consume('a')
    expect(store.asked).toHaveLength(4)
  })

  it('holds at most 10,000 refusals, and asks again for older ones', async () => {
    const { store, limiter } = make()
    for (let count = 0; count <= 10_000; count++) await limiter.consume(`k${count}`, 4)
    store.asked.length = 0
    await limiter.consume('k10000', 4)
    await limiter.consume('k5001', 4)
    expect(store.asked).toEqual([])
    await limiter.consume('k0', 4)
    expect(store.asked).toEqual(['limit'])
  })

  it('admits, refuses, or limits by itself while the store is down, as it was told', async () => {
    const outcome = async (whenUnavailable: 'allow' | 'deny' | 'memory'): Promise<unknown> => {
      const { store, limiter } = make({ whenUnavailable })
      store.failure = down
      const answers = []
      for (let count = 0; count < 5; count++) answers.push(await limiter.consume('a'))
      return answers.map(({ allowed, decidedBy }) => `${decidedBy} ${allowed}`)
    }

    expect(await outcome('allow')).toEqual(Array(5).fill('allow true'))
    expect(await outcome('deny')).toEqual(Array(5).fill('deny false'))
    expect(await outcome('memory')).toEqual([
      ...Array(3).fill('memory true'),
      ...Array(2).fill('memory false'),
    ])
  })

  it('says once that the store is down, and once that it is back', async () => {
    const { store, logger, limiter } = make()
    store.failure = down
    for (let count = 0; count < 10; count++) await limiter.consume('a')
    store.failure = undefined
    await limiter.consume('a')
    await limiter.consume('a')

    expect(logger.summary).toEqual([
      'warn: the store of the rate limiter fails',
      'info: the store of the rate limiter is back',
    ])
  })

  it('counts what was done without an answer once, and nothing of the outage', async () => {
    const { store, limiter } = make({ limit: 10 })
    store.failure = { ...down, isDone: true }
    await limiter.consume('a')
    store.failure = down
    for (let count = 0; count < 5; count++) await limiter.consume('a')
    store.failure = undefined

    expect(await limiter.consume('a')).toMatchObject({ remaining: 8, decidedBy: 'store' })
  })

  it('blocks and forgets by itself while the store is down', async () => {
    const { store, limiter } = make()
    store.failure = down
    expect(await limiter.block('a', '1m')).toBe(false)
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, decidedBy: 'memory' })
    expect(await limiter.reset('a')).toBe(false)
    expect(await limiter.penalty('a', 2)).toMatchObject({ allowed: true, remaining: 1, decidedBy: 'memory' })
  })

  it('is not troubled by a logger that throws', async () => {
    const broken = (): never => {
      throw new Error('disk full')
    }
    const { store, limiter } = make({ logger: { warn: broken, error: broken, info: broken } })
    store.failure = down
    expect(await limiter.consume('a')).toMatchObject({ allowed: true })
    store.failure = undefined
    expect(await limiter.consume('a')).toMatchObject({ allowed: true })
  })
})
