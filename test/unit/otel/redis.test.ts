import { instrument } from 'cachette/otel'
import { metricsText } from 'cachette/prometheus'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from '../prometheus/parse.ts'
import { ENGINES, openCache } from '../../real/caches.ts'
import type { ClientName } from '../../real/native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../../real/servers/index.ts'
import { until } from '../../support/until.ts'
import { activeSpan, Traces } from './sdk.ts'

const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const BOTH = ENGINES.flatMap((engine) => LIBRARIES.map((client) => [engine, client] as const))

let traces: Traces

beforeEach(() => {
  traces = new Traces()
})

afterEach(async () => {
  await traces.close()
})

describeWithServers('over a server', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })

  afterAll(async () => {
    await server.close()
  })

  describe.each(BOTH)('%s through %s', (engine, client) => {
    it('has spans for calls of a caller, beside that of the load', async () => {
      const { cache } = await open(engine, client)
      const request = await traces.inSpan('request', () => cache.getOrSet('user:7', async () => 'Ada'))
      await until('the load to be reported', () => traces.named('cache.load').length === 1)
      const calls = traces.named('cache.call')
      const [load] = traces.named('cache.load')

      expect(load!.parentSpanContext?.spanId).toBe(request.spanId)
      expect(load!.attributes['cache.load.outcome']).toBe('stored')
      expect(calls.length).toBeGreaterThan(0)
      for (const call of calls) {
        expect(call).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } })
        expect(call.parentSpanContext?.traceId).toBe(request.traceId)
        expect(call.attributes).toMatchObject({
          'cache.name': 'users',
          'cache.call.outcome': 'ok',
          'db.system.name': 'redis',
          'server.address': '127.0.0.1',
          'server.port': Number(server.url.split(':').at(-1)),
        })
      }
    })

    it('has no span for what it does by itself, and in two tiers none for a hit', async () => {
      const { cache } = await open(engine, client)
      await cache.set('user:7', 'Ada')
      await cache.get('user:7')
      traces.reset()
      await cache.get('user:7')
      expect(traces.spans).toEqual([])
      await traces.inSpan('request', () => cache.get('user:7'))

      expect(traces.named('cache.call').length > 0).toBe(engine === 'redis')
    })

    it('counts the hits of each tier', async () => {
      const { cache } = await open(engine, client)
      await cache.set('user:7', 'Ada')
      for (let index = 0; index < 3; index++) await cache.get('user:7')
      const { value } = parse(metricsText(cache))
      const hits = (tier: string): number | undefined =>
        value('cache_gets_total', { cache: 'users', family: '(root)', result: 'hit', tier })

      expect(hits('l1')! + hits('l2')!).toBe(3)
      expect(hits('l1')! > 0).toBe(engine === 'tiered')
      expect(value('cache_invalidation_queued', { cache: 'users' })).toBe(0)
      expect(value('cache_server_unavailable', { cache: 'users' })).toBe(0)
    })
  })

  it.each(LIBRARIES)('tells of an outage through %s', async (client) => {
    const own = await startRedis()
    onTestFinished(() => own.close())
    const { cache } = await open('tiered', client, own)
    own.freeze()
    onTestFinished(() => own.resume())
    const invalidation = cache.invalidate('user:7')
    await traces.inSpan('request', () => cache.getOrSet('user:8', async () => 'Bob'))
    expect(await invalidation).toMatchObject({ l2: 'queued' })
    const calls = traces.named('cache.call')

    expect(calls.length).toBeGreaterThan(0)
    for (const { status, attributes } of calls) {
      expect(status.code).toBe(SpanStatusCode.ERROR)
      expect(attributes['cache.call.outcome']).toMatch(/^(timeout|unavailable)$/)
      expect(attributes['error.type']).toMatch(/^Store(Timeout|Unavailable)Error$/)
    }
    const load = await until('the load', () => traces.named('cache.load')[0])
    expect(load.attributes['cache.load.outcome']).toMatch(/^(unstored|refused)$/)
    expect(parse(metricsText(cache)).value('cache_invalidation_queued', { cache: 'users' })).toBeGreaterThan(
      0,
    )
  })

  async function open(engine: (typeof ENGINES)[number], client: ClientName, on: RedisServer = server) {
    const prefix = `otel${Math.random()}:`
    const opened = await openCache(engine, client, on.url, {
      name: 'users',
      prefix,
      deadline: { hard: '2s' },
    })
    onTestFinished(async () => opened[Symbol.asyncDispose]())
    onTestFinished(instrument(opened.cache, { tracer: traces.tracer, activeSpan }))
    return opened
  }
})
