import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryCache, OptionsError, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache, type TieredCacheOptions } from '../../../src/tiered/tiered-cache.ts'
import { thrownBy } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

type Options = Partial<TieredCacheOptions>
type L1 = TieredCacheOptions['l1']

describe('a tiered cache', () => {
  let clock: FakeClock
  let fleet: InstantFleet

  const make = (options: Options = {}): TieredCache =>
    new TieredCache({
      l1: new MemoryCache({ clock }),
      l2: fleet.sharedCache({ clock }),
      clock,
      ...options,
    })
  const ready = async <C extends BaseCache>(cache: C): Promise<C> => {
    await clock.advance('10ms')
    return cache
  }
  const calls = (kind: string): number => fleet.calls.get(kind) ?? 0

  beforeEach(() => {
    clock = new FakeClock()
    fleet = new InstantFleet(clock)
  })

  it('serves from the memory of the process what it has read or written, without a call', async () => {
    const cache = await ready(make())
    await cache.set('key', { name: 'value' }, '30m')
    await cache.set('tagged', 'value', { ttl: '30m', tags: ['t'] })
    fleet.calls.clear()

    for (let round = 0; round < 5; round++) {
      expect(await cache.get('key')).toEqual({ name: 'value' })
      expect(await cache.get('tagged')).toBe('value')
      expect(await cache.getMany(['key', 'tagged'])).toHaveLength(2)
    }
    expect(fleet.calls.size).toBe(0)
  })

  it.each<[string, () => L1]>([
    ['given as bounds', () => ({ ttl: '1m' })],
    ['given as a cache', () => new MemoryCache({ clock, ttl: '1m' })],
  ])('asks the server again when the ttl of its memory, %s, has ended', async (_, l1) => {
    const cache = await ready(make({ l1: l1() }))
    await cache.set('key', 'value', '30m')
    await clock.advance('59s')
    fleet.calls.clear()
    expect([await cache.get('key'), calls('read'), await cache.ttl('key')]).toEqual(['value', 0, 1741])
    await clock.advance('1s')
    expect([await cache.get('key'), calls('read')]).toEqual(['value', 1])
    expect([await cache.get('key'), calls('read')]).toEqual(['value', 1])
  })

  it('keeps its entries where no other tiered cache does', async () => {
    const l1 = new MemoryCache({ clock })
    const l2 = fleet.sharedCache({ clock })
    const first = new TieredCache({ l1, l2, clock })
    expect(thrownBy(() => new TieredCache({ l1, l2, clock }))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
      message: expect.stringMatching(/^l1: another tiered cache keeps its entries in it/),
    })
    await first.close()
    expect(() => new TieredCache({ l1, l2, clock })).not.toThrow()
  })

  it('shows on every node at once what another one has changed, by the bus', async () => {
    const [one, other] = [await ready(make()), await ready(make())]
    await one.set('key', 'old', { tags: ['t'] })
    expect(await other.get('key')).toBe('old')
    await one.set('key', 'new', { tags: ['t'] })
    expect(await other.get('key')).toBe('new')
    await one.invalidateTag('t')
    expect(await other.get('key')).toBeUndefined()
  })

  it('shows it after a heartbeat where there is no bus', async () => {
    const [one, other] = [await ready(make()), await ready(make({ bus: 'none' }))]
    await one.set('key', 'old')
    expect(await other.get('key')).toBe('old')
    await one.set('key', 'new')
    expect(await other.get('key')).toBe('old')
    await clock.advance('1100ms')
    expect(await other.get('key')).toBe('new')
  })

  it.each([
    ['strict', '3s', undefined],
    ['available', '3s', 'value'],
    ['available', '61s', undefined],
  ] as const)('serves under %s, %s after the server has gone: %o', async (policy, after, expected) => {
    const cache = await ready(make({ staleness: { policy }, logger: new RecordingLogger() }))
    await cache.set('key', 'value')
    await clock.advance('1s')
    fleet.isAway = true
    await clock.advance(after)

    expect(await cache.get('key')).toBe(expected)
  })

  it('has a prefix of its own, and shares entries with whoever has the same', async () => {
    const cache = await ready(make({ prefix: 'app:' }))
    await cache.set('key', 'value')

    expect(await fleet.sharedCache({ clock }).get('app:key')).toBe('value')
    expect(await fleet.sharedCache({ clock, prefix: 'app:' }).get('key')).toBe('value')
  })

  it('has the prefix of its second cache, unless it has one', async () => {
    const cache = await ready(make({ l2: fleet.sharedCache({ clock, prefix: 'app:' }) }))
    await cache.set('key', 'value')

    expect(await fleet.sharedCache({ clock }).get('app:key')).toBe('value')
  })

  it('has a format of its own', async () => {
    const serializer = {
      name: 'reversed',
      serialize: (value: unknown) => Buffer.from(JSON.stringify(value).split('').reverse().join('')),
      deserialize: (bytes: Uint8Array) =>
        JSON.parse(Buffer.from(bytes).toString().split('').reverse().join('')) as unknown,
    }
    const l2 = fleet.sharedCache({ clock })
    const cache = await ready(make({ l2, serializer }))
    await cache.set('key', ['value'])

    expect(await (await ready(make({ l2, serializer }))).get('key')).toEqual(['value'])
    expect(await fleet.sharedCache({ clock, serializer }).get('key')).toEqual(['value'])
  })

  it('has a ttl and tags of its own', async () => {
    const l2 = fleet.sharedCache({ clock, ttl: '1h', tags: ['other'] })
    const cache = await ready(make({ l2, ttl: '10s', tags: ['t'] }))
    await cache.set('key', 'value')

    expect(await cache.ttl('key')).toBe(10)
    await cache.invalidateTag('other')
    expect(await cache.get('key')).toBe('value')
    await cache.invalidateTag('t')
    expect(await cache.get('key')).toBeUndefined()
  })

  it.each([
    ['clone', false, false],
    ['freeze', true, true],
  ] as const)('isolates by its own rule, %s, whatever that of l1 is', async (isolation, same, frozen) => {
    const cache = await ready(make({ l1: new MemoryCache({ clock, isolation: 'share' }), isolation }))
    await cache.set('key', { list: [1] })
    const [first, second] = [await cache.get<object>('key'), await cache.get<object>('key')]

    expect(first === second).toBe(same)
    expect(Object.isFrozen(first)).toBe(frozen)
  })

  it('keeps what the server keeps, whatever the caller does to the value while it is being written', async () => {
    const cache = await ready(make())
    const value = { list: [1] }
    const setting = cache.set('key', value)
    value.list.push(2)
    await setting

    expect(await cache.get('key')).toEqual({ list: [1] })
    expect(calls('read')).toBe(0)
  })

  const WEIGHED = { maxWeight: 10, weigher: (value: unknown) => (value as string).length }

  it.each<[string, () => L1]>([
    ['given as bounds', () => WEIGHED],
    ['given as a cache', () => new MemoryCache({ clock, ...WEIGHED })],
  ])('is bounded by the weight of values, %s', async (_, l1) => {
    const cache = await ready(make({ l1: l1() }))
    await cache.set('small', '12345')
    await cache.set('large', '12345678901')
    fleet.calls.clear()

    expect(await cache.get('small')).toBe('12345')
    expect(calls('read')).toBe(0)
    expect(await cache.get('large')).toBe('12345678901')
    expect(calls('read')).toBe(1)
    expect(cache.stats().entries).toBe(1)
  })

  it.each<[string, () => L1]>([
    ['given as bounds', () => ({ maxEntries: 10 })],
    ['given as a cache', () => new MemoryCache({ clock, maxEntries: 10 })],
  ])('is bounded by the number of entries, %s', async (_, l1) => {
    const cache = await ready(make({ l1: l1() }))
    for (let index = 0; index < 30; index++) await cache.set(`key${index}`, 'value', { grace: '1h' })

    expect(cache.stats()).toMatchObject({ entries: 10, evictions: { entries: 20, weight: 0 } })
  })

  it('weighs what a reader gets, in every isolation, with tags and a grace', async () => {
    const seen: unknown[] = []
    const weigher = (value: unknown, key: string): number => seen.push([key, value])
    const l1 = { maxWeight: 100, maxEntryWeight: 50, weigher }
    for (const isolation of ['clone', 'freeze', 'share'] as const) {
      const cache = await ready(make({ l1, isolation }))
      await cache.set(isolation, { at: new Date(0) }, { ttl: '1m', grace: '1m', tags: ['t'] })
      expect(await cache.get(isolation)).toEqual({ at: new Date(0) })
    }
    expect(seen).toEqual(['clone', 'freeze', 'share'].map((key) => [key, { at: new Date(0) }]))
  })

  it('serves nothing after its ttl from its memory, but what is within its grace to readers of stale values', async () => {
    const cache = await ready(make({ l1: { ttl: '90s' } }))
    await cache.set('key', 'value', { ttl: '1m', grace: '1m' })
    await clock.advance('59s')
    fleet.calls.clear()
    expect([await cache.get('key'), await cache.ttl('key')]).toEqual(['value', 1])
    expect(calls('read')).toBe(0)
    await clock.advance('2s')
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual(['value', 0])
    await clock.advance('29s')
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual(['value', 1])
  })

  it('keeps what a read has found stale on the server, for readers of stale values, until its grace ends', async () => {
    const [writer, cache] = [await ready(make()), await ready(make())]
    await writer.set('key', 'value', { ttl: '1m', grace: '1m' })
    await clock.advance('61s')
    fleet.calls.clear()
    expect([await cache.get('key'), calls('read')]).toEqual([undefined, 1])
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual(['value', 1])
    expect([await cache.get('key'), calls('read')]).toEqual([undefined, 2])
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual(['value', 2])
    await clock.advance('58s')
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual(['value', 2])
    await clock.advance('1s')
    expect([await cache.get('key', { stale: true }), calls('read')]).toEqual([undefined, 3])
  })

  it('gives up a stale value with the change that another node makes', async () => {
    const [writer, cache] = [await ready(make()), await ready(make())]
    await writer.set('key', 'value', { ttl: '1m', grace: '1m' })
    await clock.advance('61s')
    expect(await cache.get('key', { stale: true })).toBe('value')
    expect(await writer.getOrSet('key', () => 'new', { ttl: '1m' })).toBe('new')
    await clock.advance('10ms')
    expect(await cache.get('key', { stale: true })).toBe('new')
    await writer.delete('key')
    await clock.advance('10ms')
    expect(await cache.get('key', { stale: true })).toBe(undefined)
  })

  it('counts what its memory has evicted or lost for age, and nothing after a reset', async () => {
    const cache = await ready(make({ l1: { maxEntries: 2 } }))
    for (const key of ['a', 'b', 'c']) await cache.set(key, 'value', '10s')
    await clock.advance('20s')

    const { entries, evictions, expirations } = cache.stats()
    expect([entries, evictions.entries, expirations.read + expirations.timer]).toEqual([0, 1, 2])
    const since = cache.stats()
    expect(cache.stats({ since })).toMatchObject({
      evictions: { entries: 0 },
      expirations: { read: 0, timer: 0 },
    })
  })

  it('leaves the entries of the cache alone whose bounds it uses', async () => {
    const l1 = new MemoryCache({ clock })
    await l1.set('key', 'own')
    const cache = await ready(make({ l1 }))
    expect(await cache.get('key')).toBeUndefined()
    await cache.set('key', 'value')
    expect([await l1.get('key'), await cache.get('key')]).toEqual(['own', 'value'])
  })

  it('leaves no timer behind when it is closed', async () => {
    const cache = await ready(make({ l1: { maxEntries: 10 }, logger: new RecordingLogger() }))
    await cache.set('key', 'value', '1m')
    await cache.close()

    expect(clock.pending).toBe(0)
  })

  it('does not close the caches that it was given, and leaves nothing valid in the first', async () => {
    const l1 = new MemoryCache({ clock })
    const l2 = fleet.sharedCache({ clock })
    const cache = await ready(make({ l1, l2 }))
    await cache.set('key', 'old')
    await cache.close()

    expect(await l2.get('key')).toBe('old')
    await l2.set('key', 'new')
    const next = await ready(make({ l1, l2 }))
    expect(await next.get('key')).toBe('new')
    await expect(cache.get('key')).rejects.toThrow('the cache is closed')
  })

  it('makes up for what it could not invalidate as soon as the server is back', async () => {
    const [one, other] = [await ready(make({ logger: new RecordingLogger() })), await ready(make())]
    await one.set('key', 'old')
    fleet.isAway = true
    expect(await one.invalidate('key')).toMatchObject({ l1: 'acked', l2: 'queued' })
    fleet.isAway = false
    expect(await one.get('key')).toBeUndefined()
    await clock.advance('1100ms')
    expect(await other.get('key')).toBeUndefined()
  })

  it('costs a cache without a local tier nothing but its calls, until it uses a tag', async () => {
    const cache = fleet.sharedCache({ clock, bus: undefined } as never)
    await cache.set('key', 'value')
    await cache.get('key')
    await cache.delete('key')
    await clock.advance('10s')

    expect([...fleet.calls.keys()].sort()).toEqual(['delete', 'read', 'set'])
    // The first use begins to follow, which forgets what was known; from the second on there is something to lose.
    await cache.set('key', 'value', { tags: ['t'] })
    await clock.advance('1s')
    await cache.set('key', 'value', { tags: ['t'] })
    await clock.advance('10s')
    expect(calls('heads')).toBeGreaterThan(5)
    await cache.close()
    fleet.calls.clear()
    await clock.advance('10s')
    expect(fleet.calls.size).toBe(0)
  })
})

describe('a tiered cache refuses', () => {
  const clock = new FakeClock()
  const fleet = new InstantFleet(clock)
  const l1 = new MemoryCache()
  const l2 = fleet.sharedCache({ clock })
  const wrong = (value: unknown): never => value as never

  const MISUSES: readonly (readonly [what: string, options: Options, message: string])[] = [
    ['no l1', { l1: wrong(undefined) }, 'l1: the options must be an object, not undefined'],
    ['what is no l1', { l1: wrong(5) }, 'l1: the options must be an object, not 5'],
    [
      'an unknown bound',
      { l1: wrong({ maxEntrys: 5 }) },
      "l1: unknown option 'maxEntrys'; accepted: maxEntries,",
    ],
    ['no room', { l1: { maxEntries: 0 } }, 'maxEntries: 0 is not a whole number from 1'],
    ['no weight', { l1: { maxWeight: 0 } }, 'maxWeight: 0 is not a number above 0'],
    ['a weigher of nothing', { l1: { weigher: () => 1 } }, 'weigher has no effect without maxWeight'],
    ['a weigher that is none', { l1: wrong({ maxWeight: 1, weigher: 1 }) }, 'weigher'],
    ['an l1 for no time', { l1: { ttl: 0 } }, 'l1: ttl: 0 is not a duration'],
    ['an l1 until a date', { l1: { ttl: new Date() } }, "l1: ttl: must be a span such as '3s', not the date"],
    ['no l2', { l2: wrong(null) }, 'l2: null is not a whole cache, such as a RedisCache'],
    ['what is no cache', { l2: wrong({}) }, 'l2: {} is not a whole cache'],
    ['a namespace', { l2: l2.namespace('n') }, 'l2: a namespace is not a whole cache'],
    ['a namespace in memory', { l1: wrong(l1.namespace('n')) }, 'l1: the options must be an object, not'],
    ['an l1 on a server', { l1: wrong(l2) }, 'l1: the options must be an object, not'],
    [
      "an l1 of a user's",
      { l1: wrong(new OwnCache(mapPrimitives())) },
      'l1: the options must be an object, not',
    ],
    ['an l2 that nobody shares', { l2: l1 }, 'l2: is not a cache that several processes share'],
    ['a bus without subscribe', { bus: wrong({ publish: 1 }) }, 'has no subscribe()'],
    ['an unknown bus', { bus: wrong('kafka') }, "bus: 'kafka' is not one of 'pubsub', 'none'"],
    ['an unknown option', wrong({ maxlag: 3 }), "TieredCache: unknown option 'maxlag'; accepted: name,"],
    [
      'an unknown policy',
      { staleness: { policy: wrong('eventual') } },
      "policy: 'eventual' is not one of 'available', 'strict'",
    ],
    ['a lag of 0', { staleness: { maxLag: 0 } }, 'maxLag: 0 is not a duration'],
    ['a lag in milliseconds', { staleness: { maxLag: 3_000_000 } }, 'maxLag: 3000000 is more than 30 days'],
    [
      'an endless lag',
      { staleness: { maxLag: Infinity } },
      "maxLag: must be a span such as '3s', not Infinity",
    ],
    [
      'a date for a heartbeat',
      { staleness: { heartbeat: new Date() } },
      "heartbeat: must be a span such as '3s', not the date",
    ],
    [
      'a lag within the heartbeat',
      { staleness: { maxLag: 1, heartbeat: '1s' } },
      'maxLag: 1000 ms is not longer than heartbeat',
    ],
    [
      'staleness below the lag',
      { staleness: { maxLag: 5, maxStale: 4 } },
      'maxStale: 4000 ms is shorter than maxLag, 5000 ms',
    ],
    ['no room in the outbox', { outage: { outbox: 0 } }, 'outbox: 0 is not a whole number from 1'],
    ['half a key in the outbox', { outage: { outbox: 1.5 } }, 'outbox: 1.5 is not a whole number from 1'],
    ['a lease that is no duration', { lease: wrong('soon') }, "lease: 'soon' is not a duration"],
    ['a journal that is no duration', { outage: { journal: -1 } }, 'journal: -1 is not a duration'],
    ['an unknown isolation', { isolation: wrong('copy') }, "isolation: 'copy' is not one of"],
  ]

  it.each(MISUSES)('%s', (_, options, message) => {
    const error = thrownBy(() => new TieredCache({ l1, l2, ...options }))

    expect(error).toBeInstanceOf(OptionsError)
    expect((error as Error).message).toContain(message)
  })

  it('nothing of a setting that allows less than the defaults', async () => {
    const cache = new TieredCache({ l1, l2, staleness: { maxLag: '90s' }, clock })
    await cache.close()
  })
})
