import { MemoryCache } from 'cachette'
import { instrument } from 'cachette/otel'
import { FakeClock } from 'cachette/testing'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { activeSpan, Traces } from './sdk.ts'

let traces: Traces
let clock: FakeClock
let cache: MemoryCache

beforeEach(() => {
  traces = new Traces()
  clock = new FakeClock()
  cache = new MemoryCache({ name: 'users', ttl: '1m', grace: '1h', clock })
})

afterEach(async () => {
  await traces.close()
})

const about = { 'cache.name': 'users', 'cache.family': '(root)', 'cache.template': 'user:{id}' }

describe('spans', () => {
  it('has none for a hit', async () => {
    await cache.set('user:7', 'Ada')
    instrument(cache, { tracer: traces.tracer, activeSpan })
    await traces.inSpan('request', () => cache.getOrSet('user:7', () => 'Bob'))

    expect(traces.spans.map(({ name }) => name)).toEqual(['request'])
  })

  it('has one for the load of a miss, below the caller and above what the loader does', async () => {
    instrument(cache, { tracer: traces.tracer, activeSpan })
    const request = await traces.inSpan('request', () =>
      cache.getOrSet('user:7', async () => {
        await clock.advance('20ms')
        await traces.inSpan('query', async () => undefined)
        return 'Ada'
      }),
    )
    const load = one('cache.load')

    expect(load).toMatchObject({ name: 'cache.load users', kind: SpanKind.INTERNAL, links: [] })
    expect(load.attributes).toEqual({
      ...about,
      'cache.load.keys': 1,
      'cache.load.background': false,
      'cache.load.outcome': 'stored',
    })
    expect(load.parentSpanContext?.spanId).toBe(request.spanId)
    expect(one('query').parentSpanContext?.spanId).toBe(load.spanContext().spanId)
    expect(msOf(load)).toBe(20)
    expect(load.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('links the refresh of a stale value to the caller, in a trace of its own', async () => {
    instrument(cache, { tracer: traces.tracer, activeSpan })
    await cache.set('user:7', 'Ada')
    await clock.advance('2m')
    const request = await traces.inSpan('request', () => cache.getOrSet('user:7', async () => 'Bob'))
    await clock.advance(0)
    const load = one('cache.load')

    expect(await cache.get('user:7')).toBe('Bob')
    expect(load.parentSpanContext).toBeUndefined()
    expect(load.spanContext().traceId).not.toBe(request.traceId)
    expect(load.links.map(({ context }) => context.spanId)).toEqual([request.spanId])
    expect(load.attributes).toMatchObject({ 'cache.load.background': true, 'cache.load.outcome': 'stored' })
    expect(one('request').events.map(({ name }) => name)).toEqual(['cache.refresh'])
  })

  it('links a caller to the load that it shares', async () => {
    instrument(cache, { tracer: traces.tracer, activeSpan })
    const answer = deferred<string>()
    const first = traces.inSpan('first', () => cache.getOrSet('user:7', () => answer.promise))
    await clock.advance(0)
    const second = traces.inSpan('second', () => cache.getOrSet('user:7', () => answer.promise))
    await clock.advance(0)
    answer.resolve('Ada')
    await Promise.all([first, second])
    const [load, joined] = [one('cache.load'), one('second')]

    expect(load.parentSpanContext?.spanId).toBe((await first).spanId)
    expect(joined.events.map(({ name }) => name)).toEqual(['cache.load.coalesced'])
    expect(joined.links.map(({ context }) => context.spanId)).toEqual([load.spanContext().spanId])
  })

  it('has the span of a load that ends after it was closed', async () => {
    const end = instrument(cache, { tracer: traces.tracer })
    const answer = deferred<string>()
    const loading = cache.getOrSet('user:7', () => answer.promise)
    await clock.advance('5ms')
    end()
    await clock.advance('5ms')
    answer.resolve('Ada')
    await loading

    expect(msOf(one('cache.load'))).toBe(10)
  })

  it('tells of a refused fill, each load by itself', async () => {
    instrument(cache, { tracer: traces.tracer })
    const [older, newer] = [deferred<string>(), deferred<string>()]
    const first = cache.getOrSet('user:7', () => older.promise)
    await clock.advance(0)
    await cache.delete('user:7')
    const second = cache.getOrSet('user:7', () => newer.promise)
    await clock.advance('5ms')
    newer.resolve('new')
    await second
    await clock.advance('5ms')
    older.resolve('old')
    await first
    const told = traces.named('cache.load').map((load) => [load.attributes['cache.load.outcome'], msOf(load)])

    expect(told).toEqual([
      ['stored', 5],
      ['refused', 10],
    ])
  })

  it('has the error of a loader', async () => {
    instrument(cache, { tracer: traces.tracer })
    const failing = cache.getOrSet('user:7', async () => Promise.reject(new RangeError('out of reach')))
    await expect(failing).rejects.toThrow('out of reach')
    const load = one('cache.load')

    expect(load.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of reach' })
    expect(load.attributes).toMatchObject({ 'error.type': 'RangeError', 'cache.load.outcome': 'failed' })
    expect(load.events.map(({ name }) => name)).toEqual(['exception'])
  })

  it('ends a load that takes too long when its callers get their error', async () => {
    instrument(cache, { tracer: traces.tracer })
    const answer = deferred<string>()
    const late = cache.getOrSet('user:7', () => answer.promise, { hardTimeout: '1s' })
    const failed = expect(late).rejects.toThrow('hardTimeout')
    await clock.advance('1s')
    await failed
    const load = one('cache.load')
    answer.resolve('Ada')
    await clock.advance('10s')

    expect(load.attributes).toMatchObject({
      'error.type': 'LoaderTimeoutError',
      'cache.load.outcome': 'timeout',
    })
    expect(msOf(load)).toBe(1000)
    expect(traces.named('cache.load')).toHaveLength(1)
  })

  it('has one for several keys', async () => {
    instrument(cache, { tracer: traces.tracer })
    const keys = ['user:1', 'user:2', 'user:3']
    await cache.getOrSetMany(keys, (missing) => new Map(missing.slice(1).map((key) => [key, key])))
    const load = one('cache.load')

    expect(load.attributes).toMatchObject({ 'cache.load.keys': 3, 'cache.load.outcome': 'mixed' })
  })

  it('ends a load whose cache was closed meanwhile, at the end of the instrumentation', async () => {
    const end = instrument(cache, { tracer: traces.tracer })
    const answer = deferred<string>()
    const loading = expect(cache.getOrSet('user:7', () => answer.promise)).rejects.toThrow('closed')
    await clock.advance(0)
    const closing = cache.close()
    await clock.advance('10s')
    await Promise.all([closing, loading])
    answer.resolve('Ada')
    await clock.advance(0)
    end()

    expect(traces.named('cache.load')).toHaveLength(1)
  })

  it('names keys only if told to', async () => {
    instrument(cache, { tracer: traces.tracer, keys: true })
    await cache.namespace('shop').getOrSet('user:7', () => 'Ada')

    expect(one('cache.load').attributes).toMatchObject({
      'cache.family': 'shop',
      'cache.template': 'shop:user:{id}',
      'cache.key': ['shop:user:7'],
    })
    expect(JSON.stringify(traces.spans.map(({ name }) => name))).not.toContain('7')
  })

  it('names no keys by default', async () => {
    instrument(cache, { tracer: traces.tracer, activeSpan })
    await traces.inSpan('request', () => cache.getOrSet('user:secret', () => 'Ada'))
    const all = traces.spans.map(({ name, attributes, events }) => ({ name, attributes, events }))

    expect(JSON.stringify(all)).not.toContain('secret')
  })
})

function msOf({ duration: [seconds, nanos] }: ReadableSpan): number {
  return seconds * 1000 + nanos / 1_000_000
}

function one(name: string): ReadableSpan {
  const spans = traces.named(name)
  expect(spans).toHaveLength(1)
  return spans[0]!
}
