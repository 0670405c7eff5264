// Clients that leave at any moment, and requests that frameworks have changed, on a server of Node.
import { once } from 'node:events'
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryCache, type Logger } from 'cachette'
import { createDashboard, type Dashboard } from 'cachette/dashboard'
import { afterEach, describe, expect, it } from 'vitest'
import { send, type NodeResponse } from '../../../src/dashboard/node.ts'
import { deferred } from '../../support/deferred.ts'
import { until } from '../../support/until.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

function made<T extends { close(): unknown }>(one: T): T {
  opened.push(one)
  return one
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serve(handler: Handler): Promise<string> {
  const server: Server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  made({
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function dashboardOf(options: Parameters<typeof createDashboard>[1] = {}): Dashboard {
  return made(createDashboard(made(new MemoryCache()), { readOnly: false, ...options }))
}

describe('a page that is left', () => {
  it('before it is authorized takes no place of those that look', async () => {
    const asked = deferred<true>()
    let waiting = 0
    const dashboard = dashboardOf({
      authorize: async () => {
        waiting++
        return asked.promise
      },
    })
    let closed = 0
    const url = await serve((request, response) => {
      response.once('close', () => closed++)
      void dashboard.node(request, response)
    })
    for (let index = 0; index < 40; index++) {
      const asking = ask(`${url}/cachette/live`).on('error', () => undefined)
      asking.end()
      await until('the question', () => waiting === index + 1)
      asking.destroy()
    }
    await until('that all have left', () => closed === 40)
    asked.resolve(true)

    const stream = await fetch(`${url}/cachette/live`)
    expect(stream.status).toBe(200)
    await stream.body!.cancel()
  })

  it('is listened to once, however often its stream waits', async () => {
    const events = new Map<string, (() => void)[]>()
    const outgoing: NodeResponse = {
      destroyed: false,
      writeHead: () => undefined,
      write: () => {
        // It drains a moment later.
        setImmediate(() =>
          events
            .get('drain')
            ?.splice(0)
            .forEach((listener) => listener()),
        )
        return false
      },
      end: () => undefined,
      once: (event, listener) => events.set(event, [...(events.get(event) ?? []), listener]),
    }
    let parts = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (++parts > 30) controller.close()
        else controller.enqueue(new Uint8Array(10))
      },
    })

    await send(Promise.resolve(new Response(body)), outgoing)

    expect(parts).toBe(31)
    expect(events.get('close')).toHaveLength(1)
  })
})

describe('an answer that can not be sent', () => {
  it('rejects nothing if somebody else has answered meanwhile', async () => {
    const asked = deferred<true>()
    const lines: string[] = []
    const logger: Logger = { warn: () => undefined, error: (_, message) => lines.push(message) }
    const dashboard = dashboardOf({ authorize: async () => asked.promise, logger })
    const answered = deferred<unknown>()
    const url = await serve((request, response) => {
      const answering = dashboard.node(request, response)
      response.writeHead(503).end('too slow')
      answering.then(() => answered.resolve(undefined), answered.resolve)
    })

    expect((await fetch(`${url}/cachette`)).status).toBe(503)
    asked.resolve(true)
    expect(await answered.promise).toBeUndefined()
    expect(lines).toEqual([])
  })

  it('rejects nothing if its body fails, and says so in the log', async () => {
    const lines: string[] = []
    const logger: Logger = { warn: () => undefined, error: (_, message) => lines.push(message) }
    const failing = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('no disk')) })
    const dashboard = dashboardOf({ authorize: () => new Response(failing), logger })
    const url = await serve((request, response) => void dashboard.node(request, response))

    expect((await fetch(`${url}/cachette`)).status).toBe(200)
    expect(lines).toEqual(['the dashboard could not answer'])
  })
})

describe('a body', () => {
  const BODY = '{"cache":"0","key":"user:7"}'

  it.each<[string, (request: IncomingMessage, text: string) => unknown]>([
    ['an object', (_, text) => JSON.parse(text)],
    ['text', (_, text) => text],
    ['bytes', (_, text) => Buffer.from(text)],
  ])('that a parser has read is taken from `body`: %s', async (_, parse) => {
    const dashboard = dashboardOf()
    const url = await serve((request, response) => {
      void (async () => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        const body = parse(request, Buffer.concat(chunks).toString())
        await dashboard.node(Object.assign(request, { body }), response)
      })()
    })
    expect(await post(url)).toEqual([200, { deleted: false }])
  })

  it('that a parser of other bodies has left is read', async () => {
    const dashboard = dashboardOf()
    const url = await serve((request, response) => {
      void dashboard.node(Object.assign(request, { body: {} }), response)
    })
    expect(await post(url)).toEqual([200, { deleted: false }])
  })

  it('that was read and lost is said to be', async () => {
    const dashboard = dashboardOf()
    const url = await serve((request, response) => {
      request.resume().once('end', () => void dashboard.node(request, response))
    })
    expect(await post(url)).toEqual([
      400,
      { error: 'the body was read before, and the request has no `body`' },
    ])
  })

  async function post(url: string): Promise<readonly [number, unknown]> {
    const answer = await fetch(`${url}/cachette/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: BODY,
    })
    return [answer.status, await answer.json()]
  }
})
