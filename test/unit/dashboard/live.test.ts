import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryCache } from 'cachette'
import { createDashboard, type Dashboard, type DashboardFigures } from 'cachette/dashboard'
import { FakeClock } from 'cachette/testing'
import { afterEach, describe, expect, it } from 'vitest'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

function made<T extends { close(): unknown }>(one: T): T {
  opened.push(one)
  return one
}

function reading(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  return {
    reader,
    async frame(): Promise<DashboardFigures> {
      const { value } = await reader.read()
      return JSON.parse(/^data: (.*)$/m.exec(value!)![1]!) as DashboardFigures
    },
  }
}

async function live(dashboard: Dashboard) {
  const response = await dashboard.fetch(new Request('http://localhost/cachette/live'))
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
  return reading(response)
}

describe('the live stream', () => {
  it('sends the figures at once and then each second, with new events only', async () => {
    const clock = new FakeClock()
    const cache = made(new MemoryCache({ clock }))
    const dashboard = made(createDashboard(cache))
    await cache.invalidateTag('before')
    const { frame } = await live(dashboard)

    const first = await frame()
    await cache.invalidateTag('after')
    await cache.get('user:7')
    await clock.advance('1s')
    const second = await frame()

    expect(first.timeline.map(({ text }) => text)).toEqual(['invalidateTag of tag "before"'])
    expect(second.timeline.map(({ text }) => text)).toEqual(['invalidateTag of tag "after"'])
    expect(second.caches[0]!.stats.misses).toBe(1)
  })

  it('ends with the dashboard', async () => {
    const dashboard = createDashboard(made(new MemoryCache()))
    const { frame, reader } = await live(dashboard)
    await frame()
    dashboard.close()

    expect((await reader.read()).done).toBe(true)
  })

  it('has room for 32 that look, and for others when one goes', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache())))
    const streams = []
    for (let index = 0; index < 32; index++) streams.push(await live(dashboard))
    const ask = async (): Promise<number> =>
      (await dashboard.fetch(new Request('http://localhost/cachette/live'))).status

    expect(await ask()).toBe(503)
    await streams[0]!.reader.cancel()
    expect(await ask()).toBe(200)
  })

  it('goes on after figures that could not be had, and logs it once', async () => {
    const clock = new FakeClock()
    const lines: string[] = []
    const logger = { warn: () => undefined, error: (_: object, message: string) => void lines.push(message) }
    const cache = made(new MemoryCache({ clock }))
    let isBroken = false
    const auditor = {
      report: () => {
        if (isBroken) throw new Error('no report')
        return { cache: 'cache', samples: 0, wrong: 0, scales: [] }
      },
    }
    const dashboard = made(createDashboard(cache, { auditors: [auditor as never], logger }))
    const { frame } = await live(dashboard)
    await frame()
    isBroken = true
    for (let second = 0; second < 3; second++) await clock.advance('1s')
    isBroken = false
    await clock.advance('1s')

    expect((await frame()).caches).toHaveLength(1)
    expect(lines).toEqual(['the dashboard has no figures for its page'])
  })

  it('ends after 300 frames, so that the page is authorized anew', async () => {
    const clock = new FakeClock()
    const dashboard = made(createDashboard(made(new MemoryCache({ clock }))))
    const { reader } = await live(dashboard)
    let frames = 0
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      frames++
      await clock.advance('1s')
    }

    expect(frames).toBe(300)
  })
})

describe('node', () => {
  async function serve(dashboard: Dashboard): Promise<string> {
    const server: Server = createServer((request, response) => void dashboard.node(request, response))
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

  it('serves page, figures, actions and the stream on a server of Node', async () => {
    const cache = made(new MemoryCache())
    await cache.set('user:7', 1)
    const url = await serve(made(createDashboard(cache, { readOnly: false })))

    const page = await fetch(`${url}/cachette`)
    const figures = (await (await fetch(`${url}/cachette/figures`)).json()) as DashboardFigures
    const deleted = await fetch(`${url}/cachette/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ cache: '0', key: 'user:7' }),
    })
    const stop = new AbortController()
    const stream = reading(await fetch(`${url}/cachette/live`, { signal: stop.signal }))

    expect(page.headers.get('content-security-policy')).toContain('nonce-')
    expect(figures.caches[0]!.stats.hits).toBe(0)
    expect(await deleted.json()).toEqual({ deleted: true })
    expect((await stream.frame()).caches).toHaveLength(1)
    stop.abort()
  })

  it('refuses a long body, and an origin that is not the host', async () => {
    const cache = made(new MemoryCache())
    const url = await serve(made(createDashboard(cache, { readOnly: false })))
    const ask = async (body: string, origin: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', origin }
      return (await fetch(`${url}/cachette/delete`, { method: 'POST', headers, body })).status
    }

    expect(await ask('{"cache":"0","key":"user:7"}', 'https://evil.example')).toBe(403)
    expect(await ask(`"${'x'.repeat(20_000)}"`, url)).toBe(400)
    expect(await ask('{"cache":"0","key":"user:7"}', url)).toBe(200)
  })
})
