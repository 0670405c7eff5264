import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { UndiciStore } from 'cachette/undici'
import { Agent, interceptors, request } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

type Store = NonNullable<Parameters<typeof interceptors.cache>[0]>['store'] & object
type Handler = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let url: string
let served: string[] = []
let handle: Handler

beforeAll(async () => {
  server = createServer((incoming, response) => {
    served.push(`${incoming.method} ${incoming.url}`)
    handle(incoming, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  served = []
  handle = (incoming, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    response.end(`${incoming.url} ${served.length}`)
  }
})

function through(store: Store): (path: string, options?: Parameters<typeof request>[1]) => Promise<string> {
  const dispatcher = new Agent().compose(interceptors.cache({ store, type: 'shared' }))
  return async (path, options) => {
    const { body } = await request(url + path, { ...options, dispatcher })
    return body.text()
  }
}

function hold(): { readonly promise: Promise<void>; release(): void } {
  let release!: () => void
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

describe('UndiciStore', () => {
  it('fits undici without a cast', () => {
    expectTypeOf<UndiciStore>().toExtend<Store>()
  })

  it('refuses wrong arguments', () => {
    expect(() => new UndiciStore({} as BaseCache)).toThrow('UndiciStore: cache: {} is not a cache')
    const cache = new MemoryCache()
    expect(() => new UndiciStore(cache, { maxBodyBytes: -1 })).toThrow(
      'maxBodyBytes: -1 is not a whole number',
    )
    expect(() => new UndiciStore(cache, { max: 1 } as object)).toThrow(OptionsError)
  })

  it('keeps a response until its deleteAt, a time in milliseconds since 1970', async () => {
    const clock = new FakeClock()
    const store = new UndiciStore(new MemoryCache({ clock }))
    const key = { origin: 'http://a', method: 'GET', path: '/' }
    const now = clock.wallNow()
    const head = {
      statusCode: 200,
      statusMessage: 'OK',
      headers: {},
      cachedAt: now,
      staleAt: now + 1,
      deleteAt: now + 1500,
    }
    const stream = store.createWriteStream(key, head)
    await new Promise<void>((resolve) => {
      stream.end('a', resolve)
    })
    await clock.advance('1499ms')
    expect(await store.get(key)).toMatchObject({
      statusCode: 200,
      deleteAt: head.deleteAt,
      cacheControlDirectives: {},
    })
    await clock.advance('1ms')
    expect(await store.get(key)).toBeUndefined()
  })

  onEachEngine(({ make }) => {
    it('answers a repeated request, with its binary body and headers', async () => {
      const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
      handle = (_incoming, response) => {
        response.setHeader('Cache-Control', 'max-age=60, stale-while-revalidate=5')
        response.setHeader('X-Many', ['a', 'b'])
        response.write(body.subarray(0, 1000))
        response.end(body.subarray(1000))
      }
      const dispatcher = new Agent().compose(interceptors.cache({ store: new UndiciStore(await make()) }))
      const ask = async (): Promise<boolean> => {
        const answer = await request(`${url}/a`, { dispatcher })
        expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true)
        expect(answer.headers['x-many']).toEqual(['a', 'b'])
        return answer.headers['age'] !== undefined
      }
      expect(await ask()).toBe(false)
      await until('the response is kept', ask)
      served = []
      expect([await ask(), await ask(), served]).toEqual([true, true, []])
    })

    it('keeps the variants of a URL apart, and forgets all of them after a POST', async () => {
      handle = (incoming, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        response.setHeader('Vary', incoming.url === '/two' ? 'X-A, X-B' : 'X-A')
        response.end(`${String(incoming.headers['x-a'])} ${String(incoming.headers['x-b'])}`)
      }
      const ask = through(new UndiciStore(await make()))
      for (const path of ['/one', '/two']) {
        for (let round = 0; round < 3; round++)
          for (const a of ['1', '2', '']) {
            const headers = { ...(a && { 'x-a': a }), 'x-b': 'b' }
            await until('the response is kept', async () => {
              const before = served.length
              expect(await ask(path, { headers })).toBe(`${a || 'undefined'} b`)
              return served.length === before
            })
          }
      }
      served = []
      for (const a of ['1', '2']) await ask('/two', { headers: { 'x-a': a, 'x-b': 'b' } })
      expect(served).toEqual([])

      await ask('/one', { method: 'POST' })
      await until('the variants are gone', async () => {
        served = []
        await ask('/one', { headers: { 'x-a': '1', 'x-b': 'b' } })
        await ask('/one', { headers: { 'x-a': '2', 'x-b': 'b' } })
        return served.length === 2
      })
    })

    it('does not keep a response that was on its way when its URL was deleted', async () => {
      const store = new UndiciStore(await make())
      const ask = through(store)
      for (const path of ['/late', '/late']) {
        const { promise, release } = hold()
        const usual = handle
        const reached = hold()
        handle = (_incoming, response) => {
          response.setHeader('Cache-Control', 'max-age=60')
          reached.release()
          void promise.then(() => response.end('old'))
        }
        const answer = ask(path)
        await reached.promise
        await store.delete({ origin: url, method: 'GET', path })
        release()
        expect(await answer).toBe('old')
        handle = usual
        expect(await ask(path)).not.toBe('old')
        await store.delete({ origin: url, method: 'GET', path })
      }
    })

    it('passes a body that is too large, and keeps none of it', async () => {
      const large = 'x'.repeat(2000)
      handle = (_incoming, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        response.end(large)
      }
      const ask = through(new UndiciStore(await make(), { maxBodyBytes: 1999 }))
      expect([await ask('/large'), await ask('/large')]).toEqual([large, large])
      expect(served).toHaveLength(2)
    })

    it('takes URLs of any length', async () => {
      const ask = through(new UndiciStore(await make()))
      const path = `/long?${'x'.repeat(8000)}`
      await until('the response is kept', async () => (await ask(path)) === (await ask(path)))
      expect(await ask(`${path}y`)).not.toBe(await ask(path))
    })
  })

  onServers(({ make, outage }) => {
    it('lets requests pass while the server is away, and keeps responses again afterwards', async () => {
      const ask = through(new UndiciStore(await make()))
      await ask('/a')
      await outage(async () => {
        for (let n = 0; n < 5; n++) expect(await ask(`/away${n}`)).toContain(`/away${n}`)
        await ask('/a', { method: 'POST' })
      })
      await until('responses are kept again', async () => (await ask('/back')) === (await ask('/back')))
    })
  })
})
