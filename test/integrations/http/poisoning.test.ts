// Requests that make one page under the URL of another: web cache poisoning.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { MemoryCache, silentLogger } from 'cachette'
import { responseCache as forExpress } from 'cachette/express'
import { responseCache as forFastify } from 'cachette/fastify'
import express from 'express'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'

const FRESH = 'public, max-age=600'

/** A page that tells all that its handler has seen of the request. */
const pageOf = (protocol: string, host: string | undefined, url: string, body: string): string =>
  `${protocol} ${host} ${url} ${body}`

/** Starts a service that believes its proxy, and returns its port. */
type Start = () => Promise<number>

const HOSTS: readonly (readonly [string, Start])[] = [
  [
    'Express',
    async () => {
      const app = express()
      app.set('trust proxy', true)
      app.use(forExpress(new MemoryCache({ logger: silentLogger })))
      app.use(express.text({ type: '*/*' }))
      app.use((request, response) => {
        const { protocol, headers, originalUrl } = request
        const body: unknown = request.body
        response.set('Cache-Control', FRESH)
        response.send(pageOf(protocol, headers.host, originalUrl, typeof body === 'string' ? body : ''))
      })
      const server = createServer(app).listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => {
        server.closeAllConnections()
        server.close()
      })
      return (server.address() as AddressInfo).port
    },
  ],
  [
    'Fastify',
    async () => {
      const app = Fastify({ trustProxy: true, forceCloseConnections: true })
      app.addHook('onRequest', forFastify(new MemoryCache({ logger: silentLogger })))
      app.all('/*', async ({ protocol, headers, originalUrl }, reply) => {
        await reply.header('Cache-Control', FRESH).send(pageOf(protocol, headers.host, originalUrl, ''))
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      onTestFinished(async () => app.close())
      return (app.server.address() as AddressInfo).port
    },
  ],
]

/** Sends the bytes of a request as they are, and returns the head and the body of the answer. */
async function send(port: number, path: string, headers: readonly string[] = [], body = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const lines = [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', body]
  socket.end(lines.join('\r\n'), 'latin1')
  let text = ''
  socket.setEncoding('latin1')
  for await (const chunk of socket) text += String(chunk)
  return text
}

const HOST = 'Host: shop.example'
const VICTIM = '/page?q=%22%3E%3Cscript%3E'

describe.each(HOSTS)('%s', (_, start) => {
  it.each([
    ['a URL that is not encoded', '/page?q="><script>', [HOST], VICTIM],
    ['an apostrophe', "/page?q='x'", [HOST], '/page?q=%27x%27'],
    ['a path that is not encoded', '/a"b', [HOST], '/a%22b'],
    ['bytes that are no text', '/caf\u00E9', [HOST], '/caf%C3%A9'],
    ['a host in capitals', '/', ['Host: SHOP.example'], '/'],
    ['a host with escapes', '/', ['Host: sh%6Fp.example'], '/'],
    ['a scheme that is a URL', '/evil', [HOST, 'X-Forwarded-Proto: http://shop.example/#'], '/'],
    [
      'a scheme with a query',
      '/evil',
      [HOST, 'X-Forwarded-Proto: http://shop.example/?a='],
      '/?a=://shop.example/evil',
    ],
    ['a backslash', '/a\\b', [HOST], '/a/b'],
    ['dots', '/a/../b', [HOST], '/b'],
  ])('%s makes no page of another URL', async (_, path, headers, victim) => {
    const port = await start()
    for (let round = 0; round < 2; round++) await send(port, path, headers)
    const answer = await send(port, victim, [HOST])
    expect(answer).toContain(`http shop.example ${victim} `)
    expect(answer).not.toContain('hit')
    expect(await send(port, victim, [HOST])).toMatch(/cache-status: Cachette; hit/i)
  })

  it('a body makes no page for requests without one', async () => {
    const port = await start()
    await send(port, '/', [HOST, 'Content-Type: text/plain', 'Content-Length: 4'], 'evil')
    await send(
      port,
      '/',
      [HOST, 'Content-Type: text/plain', 'Transfer-Encoding: chunked'],
      '4\r\nevil\r\n0\r\n\r\n',
    )
    expect(await send(port, '/', [HOST])).not.toMatch(/evil|hit/)
    expect(await send(port, '/', [HOST])).toMatch(/hit/)
  })

  it('keeps pages whatever the standard port, the port and the query are', async () => {
    const port = await start()
    for (const [path, host] of [
      ['/', 'Host: shop.example:80'],
      ['/', 'Host: shop.example:8080'],
      ['/a?', HOST],
      ['/a?b=c%20d&e[]=~|*', HOST],
      ['//double', HOST],
      ['/', 'Host: [::1]:3000'],
    ] as const) {
      await send(port, path, [host])
      expect([path, host, await send(port, path, [host])]).toEqual([path, host, expect.stringMatching(/hit/)])
    }
  })
})
