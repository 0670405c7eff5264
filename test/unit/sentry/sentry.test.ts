import { AsyncLocalStorage } from 'node:async_hooks'
import { MemoryCache, OptionsError } from 'cachette'
import { instrument } from 'cachette/sentry'
import { FakeClock } from 'cachette/testing'
import * as Sentry from '@sentry/core'
import { ServerRuntimeClient } from '@sentry/core/server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openCache } from '../../real/caches.ts'
import { describeWithServers, startRedis } from '../../real/servers/index.ts'

interface SentSpan {
  readonly op?: string
  readonly description?: string
  readonly parent_span_id?: string
  readonly span_id?: string
  readonly data: Readonly<Record<string, unknown>>
}
interface Transaction {
  readonly spans?: readonly SentSpan[]
  readonly contexts: { readonly trace: { readonly span_id: string } }
}

const transactions: Transaction[] = []

// The context of the SDK for servers, which is not a part of its core.
function followAsyncWork(): void {
  const storage = new AsyncLocalStorage<{ scope: Sentry.Scope; isolationScope: Sentry.Scope }>()
  const now = () =>
    storage.getStore() ?? {
      scope: Sentry.getDefaultCurrentScope(),
      isolationScope: Sentry.getDefaultIsolationScope(),
    }
  const withSetScope = <T>(scope: Sentry.Scope, callback: (scope: Sentry.Scope) => T): T =>
    storage.run({ ...now(), scope }, () => callback(scope))
  const withSetIsolationScope = <T>(isolationScope: Sentry.Scope, callback: (scope: Sentry.Scope) => T): T =>
    storage.run({ scope: now().scope.clone(), isolationScope }, () => callback(isolationScope))
  Sentry.setAsyncContextStrategy({
    withSetScope,
    withSetIsolationScope,
    withScope: (callback) => withSetScope(now().scope.clone(), callback),
    withIsolationScope: (callback) => withSetIsolationScope(now().isolationScope.clone(), callback),
    getCurrentScope: () => now().scope,
    getIsolationScope: () => now().isolationScope,
  })
}

beforeAll(() => {
  followAsyncWork()
  const transport = (options: Sentry.BaseTransportOptions): Sentry.Transport =>
    Sentry.createTransport(options, async ({ body }) => {
      for (const line of String(body).split('\n')) {
        const item = JSON.parse(line) as Transaction
        if (item.contexts !== undefined) transactions.push(item)
      }
      return { statusCode: 200 }
    })
  const client = new ServerRuntimeClient({
    dsn: 'https://key@sentry.invalid/1',
    tracesSampleRate: 1,
    integrations: [],
    stackParser: () => [],
    transport,
    traceLifecycle: 'static',
  })
  Sentry.setCurrentClient(client)
  client.init()
})

beforeEach(() => {
  transactions.length = 0
})

afterAll(async () => {
  await Sentry.getClient()!.close()
})

/** Runs work in a span, and returns the spans below it as they were sent. */
async function sent(work: () => Promise<unknown>): Promise<readonly SentSpan[]> {
  await Sentry.startSpan({ name: 'request' }, work)
  await Sentry.getClient()!.flush()
  expect(transactions).toHaveLength(1)
  const [{ spans = [], contexts }] = transactions as [Transaction]
  for (const { parent_span_id } of spans) expect(parent_span_id).toBe(contexts.trace.span_id)
  return spans
}

describe('spans for Sentry', () => {
  it('tell of a miss, the value that was loaded, and a hit', async () => {
    const cache = new MemoryCache({ name: 'users', ttl: '1m' })
    const end = instrument(cache, { sentry: Sentry })
    const spans = await sent(async () => {
      await cache.getOrSet('user:7', async () => 'Ada')
      await cache.get('user:7')
    })
    end()
    const common = {
      'cache.name': 'users',
      'cache.key': ['user:{id}'],
      'sentry.origin': 'auto.cache.cachette',
    }

    expect(spans).toMatchObject([
      { op: 'cache.get', description: 'user:{id}', data: { ...common, 'cache.hit': false } },
      {
        op: 'cache.put',
        data: { ...common, 'cache.write': true, 'cache.ttl': 60, 'cache.operation': 'load' },
      },
      {
        op: 'cache.get',
        data: { ...common, 'cache.hit': true, 'cache.tier': 'l1', 'cache.operation': 'get' },
      },
    ])
    expect(JSON.stringify(transactions)).not.toContain('user:7')
  })

  it('tell of writes, removals and stale values', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ name: 'users', clock, grace: '1h' })
    const shop = cache.namespace('shop')
    const end = instrument(cache, { sentry: Sentry })
    const spans = await sent(async () => {
      await shop.set('cart:7', 1, '1m')
      await clock.advance('2m')
      await shop.get('cart:7', { stale: true })
      await shop.deleteMany(['cart:7', 'cart:8'])
      await shop.invalidateTag('red')
    })
    end()

    expect(spans.map(({ op, data }) => [op, data['cache.key'], data['cache.operation']])).toEqual([
      ['cache.put', ['shop:cart:{id}'], 'set'],
      ['cache.get', ['shop:cart:{id}'], 'get'],
      ['cache.remove', ['shop:cart:{id}'], 'deleteMany'],
      ['cache.remove', ['shop'], 'invalidateTag'],
    ])
    expect(spans[0]!.data).toMatchObject({ 'cache.ttl': 60, 'cache.write': true })
    expect(spans[1]!.data).toMatchObject({ 'cache.hit': true, 'cache.stale': true })
  })

  it('name keys and tags if told to', async () => {
    const cache = new MemoryCache({ name: 'users', prefix: 'app:' })
    const end = instrument(cache, { sentry: Sentry, keys: true })
    const spans = await sent(async () => {
      await cache.namespace('shop').get('cart:7')
      await cache.invalidateTag('red')
    })
    end()

    expect(spans.map(({ description }) => description)).toEqual(['shop:cart:7', 'red'])
  })

  it('are made below another span only, and no more after the end', async () => {
    const cache = new MemoryCache()
    const end = instrument([cache], { sentry: Sentry })
    await cache.get('a')
    await Sentry.getClient()!.flush()
    expect(transactions).toEqual([])
    end()

    expect(await sent(async () => cache.get('a'))).toEqual([])
  })

  it('refuses wrong arguments', () => {
    const cache = new MemoryCache()

    expect(() => instrument({} as never, { sentry: Sentry })).toThrow('is not a cache')
    expect(() => instrument(cache, {} as never)).toThrow(OptionsError)
    expect(() => instrument(cache, { sentry: {} } as never)).toThrow('has no startInactiveSpan()')
    expect(() => instrument(cache, { sentry: Sentry, keys: 'all' } as never)).toThrow('keys')
    expect(() => instrument(cache, { sentry: Sentry, key: true } as never)).toThrow('key')
  })
})

describeWithServers('spans for Sentry over a server', () => {
  it.each(['node-redis 6', 'ioredis 5'] as const)('have sizes, through %s', async (client) => {
    const server = await startRedis()
    const opened = await openCache('redis', client, server.url, { prefix: 'app:' })
    const end = instrument(opened.cache, { sentry: Sentry })
    const spans = await sent(async () => {
      await opened.cache.set('user:7', 'x'.repeat(100))
      await opened.cache.get('user:7')
    })
    end()
    await opened[Symbol.asyncDispose]()
    await server.close()

    expect(spans.map(({ op }) => op)).toEqual(['cache.put', 'cache.get'])
    for (const { data } of spans) expect(data['cache.item_size']).toBeGreaterThanOrEqual(100)
  })
})
