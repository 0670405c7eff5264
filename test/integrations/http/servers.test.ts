import type { BaseCache } from 'cachette'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine } from '../caches.ts'
import { FRAMEWORKS, type Pages, type RunningServer, type Start } from './frameworks.ts'

const FRESH = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' }

interface Service {
  calls: number
  readonly open: (pages: Pages) => Promise<void>
  readonly ask: (path: string, init?: RequestInit) => Promise<Response & { readonly told: string }>
}

onEachEngine((engine) => {
  let cache: BaseCache
  beforeAll(async () => {
    cache = await engine.make()
  })

  /** Serves pages behind the cache by a framework; `calls` counts those of its handler. */
  const service = (name: string, start: Start): Service => {
    let server: RunningServer
    const service: Service = {
      calls: 0,
      open: async (pages) => {
        server = await start(cache, async (path, user) => {
          service.calls++
          return pages(path, user)
        })
      },
      ask: async (path, init = {}) => {
        const response = await fetch(`${server.url}/${name}${path}`, init)
        return Object.assign(response, { told: response.headers.get('cache-status') ?? '' })
      },
    }
    afterEach(async () => {
      await server.close()
      service.calls = 0
    })
    return service
  }

  describe.each(FRAMEWORKS)('%s', (name, start) => {
    const asked = service(name, start)
    const { open, ask } = asked

    it('stores what may be stored, and answers 304, HEAD and parts', async () => {
      await open(() => ({ headers: { ...FRESH, ETag: '"one"' }, body: 'hello' }))
      const first = await ask('/a')
      expect([await first.text(), first.told]).toEqual(['hello', 'Cachette; fwd=uri-miss; ttl=60; stored'])
      await until('the response to be stored', async () => {
        const again = await ask('/a')
        return (await again.text()) === 'hello' && /^Cachette; hit; ttl=\d+$/.test(again.told)
      })
      // `fetch` adds `Cache-Control: no-cache`, so that the handler is asked.
      const unchanged = await ask('/a', { headers: { 'If-None-Match': '"one"' } })
      expect([unchanged.status, await unchanged.text()]).toEqual([304, ''])
      const made = asked.calls
      const head = await ask('/a', { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '5', ''])
      expect(Number(head.headers.get('age'))).toBeGreaterThanOrEqual(0)
      expect(asked.calls).toBe(made)
      await (await ask('/a', { headers: { Range: 'bytes=0-1' } })).text()
      expect(asked.calls).toBe(made + 1)
    })

    it('calls the handler once for concurrent requests', async () => {
      let release = (): void => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      await open(async () => {
        await held
        return { headers: FRESH, body: 'shared' }
      })
      const before = cache.stats().coalesced
      const texts = Array.from({ length: 8 }, async () => (await ask('/many')).text())
      await until('all but one to wait', async () => cache.stats().coalesced - before === 7)
      release()
      expect(new Set(await Promise.all(texts))).toEqual(new Set(['shared']))
      expect(asked.calls).toBe(1)
    })

    it('gives each user their own page', async () => {
      await open((_, user) => ({ headers: FRESH, body: `page of ${user}` }))
      const users = ['ada', 'bob', 'eve', 'ada', 'bob']
      const texts = users.map(async (user) => (await ask('/me', { headers: { Authorization: user } })).text())
      expect(await Promise.all(texts)).toEqual(users.map((user) => `page of ${user}`))
      expect(asked.calls).toBe(5)
    })

    it('passes streams on, and stores them', async () => {
      await open(() => ({ headers: FRESH, body: 'in two parts', streams: true }))
      expect(await (await ask('/stream')).text()).toBe('in two parts')
      await until('the stream to be stored', async () => {
        const again = await ask('/stream')
        return (await again.text()) === 'in two parts' && again.told.includes('hit')
      })
    })

    it('loads a stale response anew in the background', async () => {
      let text = 'old'
      await open(() => ({
        headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=600' },
        body: text,
      }))
      await (await ask('/stale')).text()
      text = 'new'
      const seen = new Set<string>()
      await until('the new response', async () => {
        const again = await ask('/stale')
        const body = await again.text()
        // A caller never waits: the old one is a hit until the new one is stored.
        if (again.told.includes('hit')) seen.add(body)
        return body === 'new'
      })
      expect(seen.has('old')).toBe(true)
    })

    it('validates by the handler, and forgets what is changed', async () => {
      let etag = '"1"'
      await open(() => ({ headers: { 'Cache-Control': 'no-cache', ETag: etag }, body: `body ${etag}` }))
      await (await ask('/doc')).text()
      await until('the first to be stored', async () => {
        const again = await ask('/doc')
        return (await again.text()) === 'body "1"' && again.told.includes('fwd=stale')
      })
      etag = '"2"'
      await until('the second', async () => (await (await ask('/doc')).text()) === 'body "2"')
      const made = asked.calls
      await (await ask('/doc', { method: 'POST' })).text()
      expect(asked.calls).toBe(made + 1)
      const after = await ask('/doc')
      expect([await after.text(), after.told]).toEqual(['body "2"', 'Cachette; fwd=uri-miss; ttl=0; stored'])
    })
  })

  // After the other tests, because a cache that finds its server empty forgets what is being loaded.
  if (engine.name === 'memory') return
  describe.each(FRAMEWORKS)('%s', (name, start) => {
    const { open, ask } = service(name, start)

    it('fails no request while Redis is dead, and stores again', async () => {
      let version = 0
      await open((path) => ({ headers: { ...FRESH, ETag: `"${++version}"` }, body: `page ${path}` }))
      const askAll = async (): Promise<string[]> =>
        Promise.all(
          Array.from({ length: 6 }, async (_, index) => {
            const response = await ask(`/down/${index}`)
            const body = await response.text()
            expect([response.status, body]).toEqual([200, expect.stringContaining(`/down/${index}`)])
            return response.told
          }),
        )
      await askAll()
      await engine.outage(async () => {
        for (let round = 0; round < 5; round++) await askAll()
      })
      await until('responses to be stored again', async () =>
        (await askAll()).every((told) => told.includes('hit')),
      )
    })
  })
})
