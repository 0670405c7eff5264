// Streams of Fastify and Hono that fail, and what their plugins do around the cache.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { serve } from '@hono/node-server'
import { MemoryCache, silentLogger } from 'cachette'
import { responseCache as forFastify } from 'cachette/fastify'
import { responseCache as forHono } from 'cachette/hono'
import { FakeClock } from 'cachette/testing'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'

const FRESH = 'max-age=60, stale-while-revalidate=600'
let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

/** A service whose stream fails at some calls. */
type Open = (cache: MemoryCache, fails: (call: number) => boolean) => Promise<{ url: string; made(): number }>

async function* parts(call: number, doesFail: boolean): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`call ${call}, `)
  await new Promise((resolve) => setImmediate(resolve))
  if (doesFail) throw new Error('the source fails')
  yield new TextEncoder().encode('the end')
}

const HOSTS: readonly (readonly [string, Open])[] = [
  [
    'Fastify',
    async (cache, fails) => {
      let calls = 0
      const app = Fastify({ forceCloseConnections: true })
      app.addHook('onRequest', forFastify(cache))
      app.get('/', async (_, reply) => {
        calls++
        await reply
          .header('Cache-Control', FRESH)
          .type('text/plain')
          .send(Readable.from(parts(calls, fails(calls))))
      })
      closing.push(async () => app.close())
      return { url: await app.listen({ port: 0, host: '127.0.0.1' }), made: () => calls }
    },
  ],
  [
    'Hono',
    async (cache, fails) => {
      let calls = 0
      const app = new Hono()
      app.use(forHono(cache, { app }))
      app.get('/', () => {
        calls++
        const body = ReadableStream.from(parts(calls, fails(calls)))
        return new Response(body, { headers: { 'Cache-Control': FRESH } })
      })
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
      await once(server, 'listening')
      closing.push(async () => {
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close()
      })
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, made: () => calls }
    },
  ],
]

describe.each(HOSTS)('%s', (_, open) => {
  it('stores nothing of a stream that fails, and tries again in the background', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, logger: silentLogger })
    const { url, made } = await open(cache, (call) => call === 1 || call === 3)
    const get = async (): Promise<string> => {
      try {
        return await (await fetch(url)).text()
      } catch {
        return 'broken'
      }
    }
    expect(await get()).toBe('broken')
    await until('a whole response', async () => (await get()) === 'call 2, the end')
    await clock.advance(70)
    expect(await get()).toBe('call 2, the end')
    await until('the first load in the background', async () => made() === 3)
    await until('another one', async () => {
      expect(await get()).toMatch(/^call [24], the end$/)
      return made() === 4
    })
    await until('its response', async () => (await get()) === 'call 4, the end')
  })
})

it('Fastify: an error after the reply has begun breaks it off', async () => {
  const cache = new MemoryCache({ logger: silentLogger })
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', forFastify(cache))
  app.get('/', async (_, reply) => {
    reply.raw.setHeader('Cache-Control', FRESH)
    reply.raw.write('part')
    await new Promise((resolve) => setImmediate(resolve))
    throw new Error('the handler fails')
  })
  closing.push(async () => app.close())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  for (let round = 0; round < 2; round++) {
    const answer = fetch(url).then(async (response) => response.text())
    await expect(answer).rejects.toThrow()
  }
})

it('Hono: an error of the handler is that of the application, and is not stored', async () => {
  const cache = new MemoryCache({ logger: silentLogger })
  const app = new Hono()
  let calls = 0
  app.onError((error, context) => context.text(`${error.message} ${++calls}`, 500))
  app.use(forHono(cache, { app }))
  app.get('/', () => {
    throw new Error('trouble')
  })
  for (const text of ['trouble 1', 'trouble 2']) {
    const answer = await app.request('http://localhost/')
    expect([answer.status, await answer.text()]).toEqual([500, text])
  }
  expect((await app.request('http://localhost/none')).status).toBe(404)
})

it('Hono: headers of layers around the cache are those of each request', async () => {
  const cache = new MemoryCache({ logger: silentLogger })
  const app = new Hono()
  let id = 0
  app.use(async (context, next) => {
    context.header('X-Request-Id', String(++id))
    await next()
    context.header('X-After', String(id))
  })
  app.use(forHono(cache, { app }))
  app.get('/', (context) => context.text('text', 200, { 'Cache-Control': FRESH }))
  const get = async () => {
    const { headers } = await app.request('http://localhost/')
    return headers
  }
  await get()
  await until('a hit', async () => (await get()).get('cache-status')?.includes('hit'))
  const headers = await get()
  expect([headers.get('x-after'), headers.get('x-request-id')]).toEqual([String(id), String(id)])
})
