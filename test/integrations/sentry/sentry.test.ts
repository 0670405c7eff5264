// Spans of the cache in the SDK of Sentry for Node.js, as it is installed and set up by its users.
import * as Sentry from '@sentry/node'
import { MemoryCache } from 'cachette'
import { instrument } from 'cachette/sentry'
import { FakeClock } from 'cachette/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { onEachEngine } from '../caches.ts'

interface SentSpan {
  readonly op?: string
  readonly description?: string
  readonly parent_span_id?: string
  readonly origin?: string
  readonly data: Readonly<Record<string, unknown>>
}
interface Transaction {
  readonly transaction: string
  readonly spans?: readonly SentSpan[]
  readonly contexts: { readonly trace: { readonly span_id: string } }
}

const sent: Transaction[] = []

beforeAll(() => {
  Sentry.init({
    dsn: 'https://key@sentry.invalid/1',
    tracesSampleRate: 1,
    traceLifecycle: 'static',
    // The SDK makes spans of its own for each command, those of heartbeats among them (docs/exporters.md).
    ignoreTransactions: [/^redis-/],
    transport: (options) =>
      Sentry.createTransport(options, async ({ body }) => {
        for (const line of String(body).split('\n')) {
          const item = JSON.parse(line) as Partial<Transaction>
          if (item.transaction !== undefined && item.contexts !== undefined) sent.push(item as Transaction)
        }
        return { statusCode: 200 }
      }),
  })
})

afterEach(() => {
  sent.length = 0
})

afterAll(async () => {
  await Sentry.close()
})

/** Returns the spans of requests by their names. Each must be below its own request. */
async function spansOf(work: Readonly<Record<string, () => Promise<unknown>>>) {
  await Promise.all(Object.entries(work).map(async ([name, run]) => Sentry.startSpan({ name }, run)))
  await Sentry.flush()
  expect(sent.map(({ transaction }) => transaction).toSorted()).toEqual(Object.keys(work).toSorted())
  return new Map(
    sent.map(({ transaction, spans = [], contexts }) => {
      const own = spans.filter(({ origin }) => origin === 'auto.cache.cachette')
      for (const { parent_span_id } of own) expect(parent_span_id).toBe(contexts.trace.span_id)
      return [transaction, own] as const
    }),
  )
}

describe('spans in the SDK of Sentry', () => {
  it('fits the SDK without a cast, and tells of a miss, a stored value and a hit', async () => {
    const cache = new MemoryCache({ name: 'users', ttl: '1m' })
    const end = instrument(cache, { sentry: Sentry })
    const spans = await spansOf({
      request: async () => {
        await cache.getOrSet('user:7', async () => 'Ada')
        await cache.get('user:7')
      },
    })
    end()

    expect(spans.get('request')).toMatchObject([
      { op: 'cache.get', description: 'user:{id}', data: { 'cache.hit': false, 'cache.key': ['user:{id}'] } },
      { op: 'cache.put', description: 'user:{id}', data: { 'cache.write': true, 'cache.ttl': 60 } },
      { op: 'cache.get', description: 'user:{id}', data: { 'cache.hit': true, 'cache.tier': 'l1' } },
    ])
    expect(JSON.stringify(sent)).not.toContain('user:7')
  })

  it('puts no span of a refresh in the background below another request', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, ttl: '1m', grace: '1h' })
    await cache.getOrSet('a', () => 1)
    await clock.advance('2m')
    const end = instrument(cache, { sentry: Sentry })
    const spans = await spansOf({
      stale: async () => cache.getOrSet('a', () => 2),
      other: async () => cache.get('b'),
    })
    end()

    expect(spans.get('stale')![0]).toMatchObject({ op: 'cache.get', data: { 'cache.stale': true } })
    expect(spans.get('other')).toMatchObject([{ op: 'cache.get', data: { 'cache.hit': false } }])
  })

  onEachEngine(({ make }) => {
    it('keeps the spans of requests at the same time apart', async () => {
      const cache = await make()
      const end = instrument(cache, { sentry: Sentry })
      const visit = (id: number) => async () => {
        await cache.getOrSet(`user:${id}`, async () => `user ${id}`)
        await cache.getOrSet(`team:${id}:list`, async () => [id])
      }
      const spans = await spansOf({ one: visit(1), two: visit(2), three: visit(3) })
      end()

      for (const own of spans.values())
        expect(own.map(({ op }) => op)).toEqual(['cache.get', 'cache.put', 'cache.get', 'cache.put'])
    })
  })
})
