import { MemoryCache, OptionsError, silentLogger } from 'cachette'
import { instrument } from 'cachette/otel'
import { metricsText } from 'cachette/prometheus'
import { FakeClock } from 'cachette/testing'
import { DataPointType, InstrumentType } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scopeOf } from '../../../src/cache/base-cache.ts'
import { Metrics } from './sdk.ts'

const ROOT = { 'cache.name': 'users', 'cache.family': '(root)' }

let metrics: Metrics

beforeEach(() => {
  metrics = new Metrics()
})

afterEach(async () => {
  await metrics.close()
})

describe('metrics', () => {
  it('have the names, units and kinds that are documented', async () => {
    const cache = new MemoryCache({ name: 'users' })
    instrument(cache, { meter: metrics.meter })
    await cache.getOrSet('user:7', () => 'Ada')
    const read = await metrics.read()
    const described = [...read].map(([name, { descriptor, dataPointType }]) => [
      name,
      descriptor.unit,
      (descriptor as unknown as { readonly type: InstrumentType }).type,
      dataPointType,
    ])

    const { OBSERVABLE_COUNTER, OBSERVABLE_GAUGE, HISTOGRAM } = InstrumentType
    expect(described).toEqual([
      ['cache.gets', '{get}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.puts', '{entry}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.evictions', '{entry}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.expirations', '{entry}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.size', '{entry}', OBSERVABLE_GAUGE, DataPointType.GAUGE],
      ['cache.load.coalesced', '{get}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.refreshes', '{load}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.stale.served', '{get}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.fill.refused', '{load}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.invalidations', '{entry}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.errors', '{operation}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.unreadable', '{get}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.unstorable', '{value}', OBSERVABLE_COUNTER, DataPointType.SUM],
      ['cache.load.duration', 's', HISTOGRAM, DataPointType.HISTOGRAM],
    ])
    for (const { descriptor } of read.values()) expect(descriptor.description).toMatch(/^[A-Z].*\.$/)
  })

  it('add up the caches of one name that are instrumented one after the other', async () => {
    const caches = [new MemoryCache({ name: 'users' }), new MemoryCache({ name: 'users' })]
    const ends = caches.map((cache) => instrument(cache, { meter: metrics.meter }))
    for (const cache of caches) await cache.get('a')
    const misses = { ...ROOT, 'cache.result': 'miss' }

    expect(await metrics.value('cache.gets', misses)).toBe(2)
    ends[1]!()
    expect(await metrics.value('cache.gets', misses)).toBe(1)
  })

  it('count a load once, although its cache is instrumented twice', async () => {
    const cache = new MemoryCache({ name: 'users' })
    for (let times = 0; times < 2; times++) instrument(cache, { meter: metrics.meter })
    await cache.getOrSet('a', () => 1)
    const loads = { ...ROOT, 'cache.result': 'success' }

    expect(await metrics.value('cache.load.duration', loads)).toMatchObject({ count: 1 })
  })

  it('count entries and values of a wrong form', async () => {
    const cache = new MemoryCache({ name: 'users', logger: silentLogger })
    instrument(cache, { meter: metrics.meter })
    await cache.set('a', () => 1)
    await cache.namespace('carts').set('b', () => 1)

    expect(await metrics.value('cache.unreadable', { 'cache.name': 'users' })).toBe(0)
    expect(await metrics.value('cache.unstorable', ROOT)).toBe(1)
    expect(await metrics.value('cache.unstorable', { ...ROOT, 'cache.family': 'carts' })).toBe(1)
  })

  it('count a hit, misses, a stale value, a shared load, a refused fill and a failure', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ name: 'users', ttl: '1m', grace: '1h', clock })
    instrument(cache, { meter: metrics.meter })
    const slow = async (): Promise<string> => {
      await clock.advance('20ms')
      return 'Ada'
    }
    await Promise.all([cache.getOrSet('a', slow), cache.getOrSet('a', slow)])
    await cache.get('a')
    await clock.advance('2m')
    await cache.getOrSet('a', () => 'Ada')
    await clock.advance(0)
    await cache.getOrSet('b', async () => {
      await cache.delete('b')
      return 'Bob'
    })
    await cache
      .getOrSet('c', () => {
        throw new Error('no')
      })
      .catch(() => undefined)

    expect(await metrics.value('cache.gets', { ...ROOT, 'cache.result': 'hit', 'cache.tier': 'l1' })).toBe(1)
    expect(await metrics.value('cache.gets', { ...ROOT, 'cache.result': 'miss' })).toBe(5)
    expect(await metrics.value('cache.stale.served', { ...ROOT, 'cache.cause': 'refreshing' })).toBe(1)
    expect(await metrics.value('cache.refreshes', ROOT)).toBe(1)
    expect(await metrics.value('cache.load.coalesced', ROOT)).toBe(1)
    expect(await metrics.value('cache.fill.refused', ROOT)).toBe(1)
    expect(await metrics.value('cache.size', { 'cache.name': 'users' })).toBe(1)
    expect(await metrics.value('cache.load.duration', { ...ROOT, 'cache.result': 'success' })).toMatchObject({
      count: 3,
      sum: 0.02,
    })
    expect(await metrics.value('cache.load.duration', { ...ROOT, 'cache.result': 'failure' })).toMatchObject({
      count: 1,
    })
  })

  it('have no more series with more keys', async () => {
    const cache = new MemoryCache({ name: 'users' })
    instrument(cache, { meter: metrics.meter })
    const seriesAfter = async (keys: number): Promise<number> => {
      for (let index = 0; index < keys; index++) await cache.getOrSet(`user:${index}`, () => index)
      return [...(await metrics.read()).values()].reduce((sum, { dataPoints }) => sum + dataPoints.length, 0)
    }

    expect(await seriesAfter(200)).toBe(await seriesAfter(5))
  })

  it('never go back, whatever else reads the figures', async () => {
    const cache = new MemoryCache({ name: 'users' })
    instrument(cache, { meter: metrics.meter })
    await cache.get('a')
    const misses = async (): Promise<unknown> =>
      metrics.value('cache.gets', { ...ROOT, 'cache.result': 'miss' })

    expect(await misses()).toBe(1)
    cache.stats()
    metricsText(cache)
    expect(await misses()).toBe(1)
  })

  it('of caches that are instrumented one after the other are read until each ends', async () => {
    const [users, carts] = [new MemoryCache({ name: 'users' }), new MemoryCache({ name: 'carts' })]
    const end = instrument(users, { meter: metrics.meter })
    instrument(carts, { meter: metrics.meter })
    const sizes = async (): Promise<readonly unknown[]> =>
      Promise.all(['users', 'carts'].map((name) => metrics.value('cache.size', { 'cache.name': name })))

    expect(await sizes()).toEqual([0, 0])
    end()
    end()
    await users.set('a', 1)
    await carts.set('a', 1)
    expect(await sizes()).toEqual([0, 1])
  })

  it('cost nothing at a hit, because nothing listens to reads', async () => {
    const cache = new MemoryCache({ name: 'users' })
    const { runtime } = scopeOf(cache)!
    instrument(cache, { meter: metrics.meter })
    metricsText(cache)
    expect(runtime.readObserver).toBeUndefined()
    const end = cache.on('read', () => undefined)
    expect(runtime.readObserver).toBeDefined()
    end()

    expect(runtime.readObserver).toBeUndefined()
  })

  it('are read of a closed cache, too', async () => {
    const cache = new MemoryCache({ name: 'users' })
    instrument(cache, { meter: metrics.meter })
    await cache.get('a')
    await cache.close()

    expect(await metrics.value('cache.gets', { ...ROOT, 'cache.result': 'miss' })).toBe(1)
  })
})

describe('instrument', () => {
  it('refuses wrong arguments', () => {
    const cache = new MemoryCache()
    const { meter } = metrics

    expect(() => instrument({} as never, { meter })).toThrow('is not a cache')
    expect(() => instrument(cache, undefined as never)).toThrow(OptionsError)
    expect(() => instrument(cache, {})).toThrow('neither meter nor tracer')
    expect(() => instrument(cache, { meter: {} as never })).toThrow('has no createObservableCounter()')
    expect(() => instrument(cache, { tracer: 'a' as never })).toThrow('has no startActiveSpan()')
    expect(() => instrument(cache, { meter, activeSpan: 1 as never })).toThrow('activeSpan')
    expect(() => instrument(cache, { meter, keys: 1 as never })).toThrow('keys')
    expect(() => instrument(cache, { meter, tracers: 1 } as never)).toThrow('tracers')
  })
})
