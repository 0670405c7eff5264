// Handlers, clients and layers that misbehave, over real connections.
import { once } from 'node:events'
import { createServer, request as ask, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createGzip, type Gzip } from 'node:zlib'
import { MemoryCache, silentLogger } from 'cachette'
import { responseCache as forExpress } from 'cachette/express'
import { responseCache as forFastify } from 'cachette/fastify'
import type { ResponseCacheOptions } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import express, { type NextFunction, type Request, type Response } from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'

const FRESH = 'max-age=60, stale-while-revalidate=600'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Whether the body broke off. */
  readonly isBroken: boolean
}

let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

/** Starts a server, and returns a function that sends it a request as it is given. */
async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = ask({ port, path, headers, method, agent: false }, (response) => {
        let body = ''
        const told = (isBroken: boolean) => (): void =>
          resolve({ status: response.statusCode!, headers: response.headers, body, isBroken })
        response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
        response.on('end', told(false)).on('error', told(true))
      })
      sent.on('error', reject).end()
    })
  return { get, port }
}

/** A cache before one handler of Express, that calls it with the number of the call. */
async function serve(
  handler: (call: number, request: Request, response: Response, next: NextFunction) => void,
  options: ResponseCacheOptions = {},
) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, logger: silentLogger })
  const app = express()
  app.set('env', 'test')
  app.use(forExpress(cache, options))
  const calls = { made: 0 }
  app.use((request: Request, response: Response, next: NextFunction) =>
    handler(++calls.made, request, response, next),
  )
  return { clock, cache, calls, ...(await listen(app)) }
}

/** A layer that encodes bodies as the package `compression` does: it decides when the head is written. */
function compression(request: Request, response: Response, next: NextFunction): void {
  const { write, end, writeHead } = response
  let gzip: Gzip | undefined
  response.writeHead = (status: number) => {
    if (gzip === undefined && !response.hasHeader('content-encoding')) {
      response.vary('Accept-Encoding')
      if (request.acceptsEncodings('gzip', 'identity') === 'gzip') {
        gzip = createGzip()
        gzip
          .on('data', (chunk) => write.call(response, chunk, 'utf8'))
          .on('end', () => end.call(response, '', 'utf8'))
        response.set('Content-Encoding', 'gzip').removeHeader('Content-Length')
      }
    }
    return writeHead.call(response, status)
  }
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(response.statusCode)
  }
  response.write = (chunk: string | Uint8Array) => {
    begin()
    return gzip === undefined ? write.call(response, chunk, 'utf8') : gzip.write(chunk)
  }
  response.end = (chunk?: unknown) => {
    begin()
    const given = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : ''
    if (gzip === undefined) end.call(response, given, 'utf8')
    else gzip.end(given)
    return response
  }
  next()
}

const hit = (answer: Answer): boolean => String(answer.headers['cache-status']).includes('hit')

describe('Express', () => {
  it.each([600, 999])('passes a status that fetch does not know: %i', async (status) => {
    const { get } = await serve((call, _, response) => {
      response.set('Cache-Control', FRESH).status(status).send(`call ${call}`)
    })
    for (const body of ['call 1', 'call 2'])
      expect(await get('/')).toMatchObject({ status, body, isBroken: false })
  })

  it('passes an error of the handler on, before and after its head', async () => {
    const { get } = await serve((call, { path }, response) => {
      response.set('Cache-Control', FRESH)
      if (path === '/after') response.write(`part of ${call}`)
      throw new Error('the handler fails')
    })
    expect(await get('/before')).toMatchObject({ status: 500, isBroken: false })
    for (let round = 0; round < 2; round++) {
      const answer = await get('/after').catch(() => undefined)
      expect(answer?.isBroken ?? true).toBe(true)
      expect(answer?.body ?? '').not.toContain('Error')
    }
  })

  it('passes trailers on, and keeps the body without them', async () => {
    const { port, get } = await serve((_, __, response) => {
      response.set({ 'Cache-Control': FRESH, Trailer: 'X-Sum', ETag: '"one"' })
      response.addTrailers({ 'X-Sum': '5' })
      response.end('text')
    })
    const trailers = await new Promise((resolve, reject) => {
      const sent = ask({ port, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.trailers))
      })
      sent.on('error', reject).end()
    })
    expect(trailers).toEqual({ 'x-sum': '5' })
    // A 304 made of the handler's response has none, which Node.js would refuse.
    expect((await get('/other', { 'if-none-match': '"one"' })).status).toBe(304)
    await until('a hit', async () => hit(await get('/')))
    const { body, headers } = await get('/')
    expect([body, headers['trailer']]).toEqual(['text', undefined])
  })

  it('passes a wrong reason phrase on as an error', async () => {
    const { get } = await serve((_, __, response) => {
      response.statusMessage = '漢'
      response.send('text')
    })
    expect((await get('/')).status).toBe(500)
  })

  it('stores nothing of a stream that fails, and of one that its client left', async () => {
    const { get, port, calls } = await serve((call, _, response) => {
      response.set('Cache-Control', FRESH)
      response.write('part')
      if (call === 1) setImmediate(() => response.destroy(new Error('the source fails')))
      else if (call > 2) response.end(' and the rest')
    })
    expect(await get('/').catch(() => ({ isBroken: true }))).toMatchObject({ isBroken: true })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until('the second call', async () => calls.made === 2)
    const other = get('/', { host: 'localhost' })
    socket.destroy()
    expect(await other).toMatchObject({ body: 'part and the rest' })
  })

  it.each(['destroy', 'throw', 'reset the socket', 'send too much'])(
    'tries a load in the background again after one that did: %s',
    async (how) => {
      let closed = 0
      const { get, clock, calls } = await serve(
        (call, request, response) => {
          response.set('Cache-Control', FRESH)
          if (call !== 2) response.send(`call ${call}`)
          else {
            response.on('close', () => closed++)
            response.write('part')
            if (how === 'destroy') response.destroy()
            else if (how === 'throw') throw new Error('the handler fails')
            else if (how === 'reset the socket') request.socket.destroy()
            else
              Readable.from(Array<string>(1000).fill('x'.repeat(1000)))
                .on('end', () => closed++)
                .pipe(response)
          }
        },
        { maxBodyBytes: 100_000 },
      )
      await get('/', { host: 'a' })
      await clock.advance(70)
      expect(await get('/', { host: 'a' })).toMatchObject({ body: 'call 1' })
      await until('the first load in the background', async () => calls.made === 2)
      await until('another one', async () => {
        expect((await get('/', { host: 'a' })).isBroken).toBe(false)
        return calls.made > 2
      })
      await until('its response', async () => (await get('/', { host: 'a' })).body === 'call 3')
      if (how === 'send too much') await until('the end of the stream', async () => closed > 0)
    },
  )

  it('lets a handler end that writes much to HEAD', async () => {
    let ended = false
    const { get } = await serve((_, __, response) => {
      const source = Readable.from(Array<string>(300).fill('x'.repeat(1000)))
      source.on('end', () => (ended = true)).pipe(response)
    })
    expect(await get('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
    await until('the end of the stream', async () => ended)
  })

  it('works if it is used twice', async () => {
    const cache = new MemoryCache({ logger: silentLogger })
    const app = express()
    let calls = 0
    app.use(forExpress(cache, { name: 'outer' }))
    app.get('/', forExpress(cache, { name: 'inner', namespace: 'inner' }), (_, response) => {
      response.set('Cache-Control', FRESH).write('call ')
      response.end(String(++calls))
    })
    const { get } = await listen(app)
    expect(await get('/', { host: 'a' })).toMatchObject({ body: 'call 1', isBroken: false })
    await until('a hit', async () => hit(await get('/', { host: 'a' })))
    expect(calls).toBe(1)
  })

  it('sends the head when the handler flushes it', async () => {
    const { port } = await serve((_, __, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.flushHeaders()
    })
    const sent = ask({ port, agent: false }).end()
    const [response] = (await once(sent, 'response')) as [{ statusCode: number }]
    expect(response.statusCode).toBe(200)
    sent.destroy()
  })

  it('does not keep what an earlier cache said of its response', async () => {
    const { get } = await serve((_, __, response) => {
      response.set({ 'Cache-Control': FRESH, 'Cache-Status': 'Origin; fwd=uri-miss', Age: '10' }).send('text')
    })
    expect((await get('/', { host: 'a' })).headers['cache-status']).toBe(
      'Origin; fwd=uri-miss, Cachette; fwd=uri-miss; ttl=50; stored',
    )
    await until('a hit', async () => {
      const { headers } = await get('/', { host: 'a' })
      return headers['cache-status'] === 'Cachette; hit; ttl=50' && headers.age === '10'
    })
  })
})

// Each of these would store a page under the name of another, if it were taken as it comes.
describe('no request stores a page under the name of another', () => {
  const pageOf = (url: string): string => `page ${url.replace(/\?.*/, '')}`
  const frameworks: readonly (readonly [string, (cache: MemoryCache) => Promise<RequestListener>])[] = [
    [
      'Express',
      async (cache) => {
        const app = express()
        app.set('trust proxy', true)
        app.use(forExpress(cache))
        app.use((request: Request, response: Response) => {
          response.set('Cache-Control', FRESH).send(`${pageOf(request.originalUrl)} of ${request.host}`)
        })
        return app
      },
    ],
    [
      'Fastify',
      async (cache) => {
        const app: FastifyInstance = Fastify({ trustProxy: true })
        app.addHook('onRequest', forFastify(cache))
        app.all('/*', async (request, reply) => {
          await reply.header('Cache-Control', FRESH).send(`${pageOf(request.originalUrl)} of ${request.host}`)
        })
        await app.ready()
        return app.routing.bind(app)
      },
    ],
  ]
  describe.each(frameworks)('%s', (_, open) => {
    it.each([
      ['a host with a path', '/x', { host: 'site/admin' }, '/admin/x'],
      ['a host with a fragment', '/x', { host: 'site/admin#' }, '/admin'],
      ['a host with a query', '/x', { host: 'site/admin?' }, '/admin?/x'],
      ['a host with a backslash', '/x', { host: 'site\\admin' }, '/admin/x'],
      ['a host with a user', '/admin', { host: 'user@site' }, '/admin'],
      ['another host of a proxy', '/admin', { host: 'site', 'x-forwarded-host': 'evil' }, '/admin'],
      ['another port of a proxy', '/admin', { host: 'site', 'x-forwarded-host': 'site:81' }, '/admin'],
      ['a proxy that names a path', '/x', { host: 'site', 'x-forwarded-host': 'site/admin#' }, '/admin'],
      ['a path with dots', '/public/../admin', { host: 'site' }, '/admin'],
      ['a path with encoded dots', '/public/%2e%2E/admin', { host: 'site' }, '/admin'],
      ['a path with one dot', '/./admin', { host: 'site' }, '/admin'],
      ['a path that ends with dots', '/admin/x/..', { host: 'site' }, '/admin/'],
      ['a path with a backslash', '/public\\..\\admin', { host: 'site' }, '/admin'],
    ])('%s', async (__, path, headers, victim) => {
      const cache = new MemoryCache({ logger: silentLogger })
      const { get } = await listen(await open(cache))
      // The first fills the cache with whatever it can.
      const attack = await get(path, headers)
      expect(attack.isBroken).toBe(false)
      for (let turn = 0; turn < 3; turn++) await get(path, headers)
      expect((await get(victim, { host: 'site' })).body).toBe(`${pageOf(victim)} of site`)
      await cache.close()
    })
  })
})

describe('layers in front of the cache', () => {
  it('keep their own headers of each request, on loads and hits', async () => {
    const cache = new MemoryCache({ logger: silentLogger })
    const expressApp = express()
    let id = 0
    expressApp.use((_, response, next) => {
      response.set({ 'X-Request-Id': String(++id), 'X-Changed': 'before' })
      next()
    })
    expressApp.use(forExpress(cache))
    expressApp.use((_, response) => {
      response.set({ 'Cache-Control': FRESH, 'X-Changed': 'by the handler', 'X-Own': '1' }).send('text')
    })
    const fastify = Fastify()
    fastify.addHook('onRequest', async (_, reply) => {
      reply.headers({ 'X-Request-Id': String(++id), 'X-Changed': 'before' })
    })
    fastify.addHook('onRequest', forFastify(cache))
    fastify.get('/', async (_, reply) =>
      reply.headers({ 'Cache-Control': FRESH, 'X-Changed': 'by the handler', 'X-Own': '1' }).send('text'),
    )
    await fastify.ready()
    for (const [host, app] of Object.entries({
      express: expressApp,
      fastify: fastify.routing.bind(fastify),
    })) {
      const { get } = await listen(app as RequestListener)
      const before = id
      await get('/', { host })
      await until('a hit', async () => hit(await get('/', { host })))
      const { headers } = await get('/', { host })
      expect(headers).toMatchObject({
        'x-changed': 'by the handler',
        'x-own': '1',
        'x-request-id': String(id),
      })
      expect(id).toBeGreaterThan(before + 2)
    }
  })

  it('that encode bodies, before and behind the cache', async () => {
    for (const isBehind of [true, false]) {
      const cache = new MemoryCache({ logger: silentLogger })
      const app = express()
      const layers = [compression, forExpress(cache)]
      app.use(...(isBehind ? layers.toReversed() : layers))
      app.use((_, response) => {
        response.set({ 'Cache-Control': FRESH, 'Content-Type': 'text/plain' })
        response.write('one, ')
        setImmediate(() => {
          response.write('two, ')
          response.end('three')
        })
      })
      const { port } = await listen(app)
      const get = async (encoding: string): Promise<string> => {
        const response = await fetch(`http://127.0.0.1:${port}/`, {
          headers: { 'accept-encoding': encoding },
        })
        expect(response.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null)
        return `${await response.text()} ${response.headers.get('cache-status')?.includes('hit')}`
      }
      for (const encoding of ['gzip', 'identity']) {
        expect(await get(encoding)).toContain('one, two, three')
        await until('a hit', async () => (await get(encoding)) === 'one, two, three true')
      }
    }
  })
})

it('keeps the cookies that a handler sets on what becomes a 304', async () => {
  const { get } = await serve((call, _, response) => {
    response.set({ 'Cache-Control': 'no-cache', ETag: '"1"', 'Access-Control-Allow-Origin': '*' })
    if (call > 1) response.cookie('sid', String(call))
    response.send('text')
  })
  await get('/', { host: 'a' })
  const headers = { host: 'a', 'if-none-match': '"1"' }
  for (let call = 2; call < 4; call++) {
    const answer = await get('/', headers)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([304, [`sid=${call}; Path=/`]])
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(answer.headers['content-length']).toBe(undefined)
  }
})

it('serves HTTP/2', async () => {
  const cache = new MemoryCache({ logger: silentLogger })
  const app = Fastify({ http2: true })
  app.addHook('onRequest', forFastify(cache))
  let calls = 0
  app.get('/', async (_, reply) => reply.header('Cache-Control', FRESH).send(`call ${++calls}`))
  app.get('/stream', async (_, reply) => reply.header('Cache-Control', FRESH).send(Readable.from(['a', 'b'])))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  closing.push(async () => {
    client.destroy()
    await app.close()
  })
  const get = async (path: string): Promise<string> => {
    const stream = client.request({ ':path': path })
    const [headers] = (await once(stream, 'response')) as [Record<string, string>]
    let body = ''
    for await (const chunk of stream.setEncoding('utf8')) body += chunk
    return `${headers[':status']} ${body} ${headers['cache-status']}`
  }
  for (const [path, body] of [
    ['/', 'call 1'],
    ['/stream', 'ab'],
  ] as const) {
    expect(await get(path)).toBe(`200 ${body} Cachette; fwd=uri-miss; ttl=60; stored`)
    await until('a hit', async () => (await get(path)) === `200 ${body} Cachette; hit; ttl=60`)
  }
})
