// Clients for HTTP that keep responses in a store of Keyv.
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { KeyvStore } from 'cachette/keyv'
import CacheableRequest, { type CacheResponse } from 'cacheable-request'
import { got } from 'got'
import { Keyv } from 'keyv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

let served = 0
let server: Server
let url: string

beforeAll(async () => {
  server = createServer((incoming, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    response.end(`${incoming.url} ${++served}`)
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

describe('requests through a store of Keyv 5', () => {
  onEachEngine(({ make }) => {
    it('got answers a repeated request from the cache', async () => {
      // got 14 makes a Keyv 4 of the store.
      const cache = new KeyvStore(await make())
      const path = `/a?${'long'.repeat(1000)}`
      const first = await got(url + path, { cache })
      const second = await got(url + path, { cache })

      expect(second.body).toBe(first.body)
      expect([first.isFromCache, second.isFromCache]).toEqual([false, true])
    })

    it('cacheable-request answers a repeated request from the cache', async () => {
      const keyv = new Keyv({ store: new KeyvStore(await make()) })
      const cacheable = new CacheableRequest(request, keyv).request()
      const ask = async (): Promise<boolean> => {
        const response = await new Promise<CacheResponse>((resolve, reject) => {
          cacheable(`${url}/b`, resolve)
            .on('request', (sent) => sent.end())
            .on('error', reject)
        })
        if (response instanceof Readable) response.resume()
        return Reflect.get(response, 'fromCache') === true
      }

      expect(await ask()).toBe(false)
      await until('the response is kept', ask)
    })
  })

  onServers(({ make, outage }) => {
    it('got is answered by the origin while the server of the cache is away', async () => {
      const cache = new KeyvStore(await make())
      await outage(async () => {
        for (let n = 0; n < 3; n++) expect((await got(`${url}/c${n}`, { cache })).statusCode).toBe(200)
      })
      await until('it caches again', async () => (await got(`${url}/d`, { cache })).isFromCache)
    })
  })
})
