// Limiters of other packages, and ours, in real services.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import * as expressAdapter from 'cachette/express'
import * as fastifyAdapter from 'cachette/fastify'
import * as honoAdapter from 'cachette/hono'
import { RateLimiter } from 'cachette/ratelimit'
import fastifyRateLimit from '@fastify/rate-limit'
import { serve } from '@hono/node-server'
import express from 'express'
import { rateLimit as expressRateLimit } from 'express-rate-limit'
import fastify from 'fastify'
import { Hono } from 'hono'
import { rateLimiter as honoRateLimiter } from 'hono-rate-limiter'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

const LIMIT = 3
const running: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of running.splice(0)) await end()
})

/** Serves an application of Express or Hono. */
async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  if (!server.listening)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  running.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function onHono(app: Hono): Promise<string> {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as ReturnType<
    typeof createServer
  >
  await until('the service listens', () => server.listening)
  return listen(server)
}

async function onFastify(prepare: (app: ReturnType<typeof fastify>) => unknown): Promise<string> {
  const app = fastify()
  await prepare(app)
  app.get('/', () => 'ok')
  running.push(async () => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

/** Each limiter in its host, with a limit of three requests in a minute. */
const SERVICES: Readonly<Record<string, (cache: BaseCache) => Promise<string>>> = {
  'express-rate-limit': async (cache) => {
    const app = express()
    const store = expressAdapter.rateLimitStore(cache, { name: 'theirs' })
    app.use(expressRateLimit({ store, limit: LIMIT, windowMs: 60_000, standardHeaders: 'draft-8' }))
    app.get('/', (_request, response) => void response.send('ok'))
    return listen(createServer(app))
  },
  'hono-rate-limiter': async (cache) => {
    const app = new Hono()
    const store = honoAdapter.rateLimitStore(cache, { name: 'theirs' })
    app.use(honoRateLimiter({ store, limit: LIMIT, windowMs: 60_000, keyGenerator: () => 'all' }))
    app.get('/', (c) => c.text('ok'))
    return onHono(app)
  },
  '@fastify/rate-limit': async (cache) =>
    onFastify(async (app) => {
      const store = fastifyAdapter.rateLimitStore(cache, { name: 'theirs' })
      await app.register(fastifyRateLimit, { store, max: LIMIT, timeWindow: 60_000 })
    }),
  'RateLimiter in Express': async (cache) => {
    const app = express()
    const limiter = new RateLimiter(cache, { name: 'ours', limit: LIMIT, window: '1m' })
    app.use(expressAdapter.rateLimit(limiter))
    app.get('/', (_request, response) => void response.send('ok'))
    return listen(createServer(app))
  },
  'RateLimiter in Hono': async (cache) => {
    const app = new Hono()
    const limiter = new RateLimiter(cache, { name: 'ours', limit: LIMIT, window: '1m' })
    app.use(honoAdapter.rateLimit(limiter, { key: (c) => c.req.header('x-user') ?? 'all' }))
    app.get('/', () => new Response('ok'))
    return onHono(app)
  },
  'RateLimiter in Fastify': async (cache) =>
    onFastify((app) => {
      const limiter = new RateLimiter(cache, { name: 'ours', limit: LIMIT, window: '1m' })
      app.addHook('onRequest', fastifyAdapter.rateLimit(limiter))
    }),
}

describe.each(Object.entries(SERVICES))('%s', (name, start) => {
  onEachEngine(({ make }) => {
    it('admits the limit in two processes together, and refuses the rest with 429', async () => {
      const cache = await make()
      const [one, other] = [await start(cache), await start(cache)]
      const statuses: number[] = []
      for (let n = 0; n < LIMIT + 2; n++) statuses.push((await fetch(n % 2 ? one : other)).status)

      expect(statuses).toEqual([200, 200, 200, 429, 429])
      const refused = await fetch(one)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
      expect(await refused.text()).toMatch(/too many|rate limit/i)
    })
  })

  // A service that is shut down still answers its last requests.
  onEachEngine(({ make }) => {
    it('fails no request once the cache is closed', async () => {
      const cache = await make()
      const url = await start(cache)
      await cache.close()

      for (let n = 0; n < LIMIT; n++) expect([200, 429]).toContain((await fetch(url)).status)
    })
  })

  onServers(({ make, outage }) => {
    it('limits in the process while the server is away, and on the server afterwards', async () => {
      const cache = await make()
      const url = await start(cache)
      expect((await fetch(url)).status).toBe(200)
      await outage(async () => {
        const statuses: number[] = []
        for (let n = 0; n < LIMIT + 2; n++) statuses.push((await fetch(url)).status)
        expect(statuses).toEqual([200, 200, 200, 429, 429])
      })
      await until('the server counts again', async () => {
        await cache.set('there', 1)
        return cache.get('there')
      })
      const other = await start(cache)
      await until('both processes are refused', async () => {
        return (await fetch(url)).status === 429 && (await fetch(other)).status === 429
      })
      expect(name).toBeDefined()
    })
  })
})

describe('rateLimit of our own', () => {
  it('refuses wrong arguments', () => {
    const limiter = new RateLimiter(new MemoryCache(), { name: 'a', limit: 1, window: 1 })
    const makers: readonly ((limiter: RateLimiter, options?: object) => unknown)[] = [
      expressAdapter.rateLimit,
      fastifyAdapter.rateLimit,
    ]
    for (const rateLimit of makers) {
      expect(() => rateLimit({} as RateLimiter)).toThrow('rateLimit: limiter: {} has no consume(), peek()')
      expect(() => rateLimit(limiter, { keys: 1 })).toThrow("unknown option 'keys'; accepted: key, quantity")
      expect(() => rateLimit(limiter, { key: 1 })).toThrow('rateLimit: key: 1 is not a function')
    }
    expect(() => honoAdapter.rateLimit(limiter, {} as { key: () => string })).toThrow(OptionsError)
  })

  it('tells the rest in the headers of the draft, and takes quantities by key', async () => {
    const app = express()
    const limiter = new RateLimiter(new MemoryCache(), { name: 'ours', limit: 10, window: '1m' })
    const key = (request: express.Request) => request.get('x-user')
    app.use(
      expressAdapter.rateLimit(limiter, { key, quantity: (request) => Number(request.query['n'] ?? 1) }),
    )
    app.get('/', (_request, response) => void response.send('ok'))
    const url = await listen(createServer(app))
    const ask = async (user: string, n: number) => fetch(`${url}?n=${n}`, { headers: { 'x-user': user } })

    const first = await ask('x'.repeat(5000), 4)
    expect(first.status).toBe(200)
    expect(first.headers.get('ratelimit-policy')).toBe('"ours";q=10;w=60')
    expect(first.headers.get('ratelimit')).toMatch(/^"ours";r=6;t=\d+$/)
    expect((await ask('b', 10)).status).toBe(200)
    expect((await ask('b', 1)).status).toBe(429)
    const unlimited = await fetch(url)
    expect([unlimited.status, unlimited.headers.get('ratelimit')]).toEqual([200, null])
  })

  it('hands an error of the key function to the host', async () => {
    const limiter = new RateLimiter(new MemoryCache(), { name: 'ours', limit: 10, window: '1m' })
    const app = express()
    app.use(
      expressAdapter.rateLimit(limiter, {
        key: () => {
          throw new Error('no user')
        },
      }),
    )
    app.use(
      ((_error, _request, response, _next) => void response.status(418).end()) as express.ErrorRequestHandler,
    )
    expect((await fetch(await listen(createServer(app)))).status).toBe(418)
  })
})

describe('skipFailedRequests of express-rate-limit', () => {
  it('takes requests back', async () => {
    const app = express()
    const store = expressAdapter.rateLimitStore(new MemoryCache(), { name: 'skip' })
    app.use(expressRateLimit({ store, limit: LIMIT, windowMs: 60_000, skipFailedRequests: true }))
    app.get('/', (_request, response) => void response.status(500).send('no'))
    const url = await listen(createServer(app))
    for (let n = 0; n < LIMIT * 3; n++) {
      expect((await fetch(url)).status).toBe(500)
      await until('the request is taken back', async () => (await store.get('127.0.0.1')) === undefined)
    }
  })
})

describe('@fastify/rate-limit', () => {
  it('counts routes apart, reads without counting, and knows groups', async () => {
    const store = fastifyAdapter.rateLimitStore(new MemoryCache(), { name: 'routes' })
    const app = fastify()
    await app.register(fastifyRateLimit, { store, max: 10, timeWindow: '1 minute' })
    const config = { rateLimit: { max: 1, timeWindow: '10 seconds' } }
    app.get('/a', { config }, () => 'a')
    app.get('/b', { config }, () => 'b')
    const check = app.createRateLimit({ max: 2 })
    app.get('/c', { config: { rateLimit: false } }, async (request) =>
      check(request, { increment: request.url === '/c' }),
    )
    const ask = async (url: string) => (await app.inject(url)).statusCode

    expect([await ask('/a'), await ask('/b'), await ask('/a'), await ask('/b')]).toEqual([200, 200, 429, 429])
    expect((await app.inject('/c')).json()).toMatchObject({ remaining: 1, isExceeded: false })
    expect((await app.inject('/c?read')).json()).toMatchObject({ remaining: 1 })
    const { headers } = await app.inject('/a')
    expect(headers['x-ratelimit-limit']).toBe('1')
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(10)
    await app.close()
  })

  it('begins the window anew with each request beyond the limit, with continueExceeding', async () => {
    const store = fastifyAdapter.rateLimitStore(new MemoryCache(), { name: 'continue' })
    const app = fastify()
    await app.register(fastifyRateLimit, {
      store,
      max: 1,
      timeWindow: 60_000,
      continueExceeding: true,
      ban: 1,
    })
    app.get('/', () => 'ok')
    expect((await app.inject('/')).statusCode).toBe(200)
    for (let n = 0; n < 5; n++) {
      const { statusCode, headers } = await app.inject('/')
      expect([statusCode, headers['retry-after']]).toEqual([429, '60'])
    }
    await app.close()
  })

  it('refuses exponentialBackoff when it is registered', async () => {
    const store = fastifyAdapter.rateLimitStore(new MemoryCache(), { name: 'backoff' })
    const app = fastify()
    await expect(app.register(fastifyRateLimit, { store, exponentialBackoff: true })).rejects.toThrow(
      'rateLimitStore: exponentialBackoff: true is not supported; it must be false',
    )
  })
})
