// Handlers that real applications have, and that a shared cache easily gets wrong.
import { MemoryCache, silentLogger } from 'cachette'
import { responseCache } from 'cachette/hono'
import { ResponseCache, type ResponseCacheOptions } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'

const PAGE = 'http://example.test/page'
const STALE = 'max-age=60, stale-while-revalidate=600'

function open(options: ResponseCacheOptions = {}) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, logger: silentLogger })
  return { clock, cache, responses: new ResponseCache(cache, options) }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('HEAD', () => {
  it('for a stale page loads the whole page in the background', async () => {
    const { clock, responses } = open()
    const asked: string[] = []
    const handler = responses.wrap(async ({ method }) => {
      asked.push(method)
      const body = method === 'HEAD' ? null : `call ${asked.length}`
      return new Response(body, { headers: { 'Cache-Control': STALE } })
    })
    const text = async (method = 'GET'): Promise<string> => {
      const answer = await handler(new Request(PAGE, { method }))
      const body = await answer.text()
      await settle()
      return body
    }
    await text()
    await clock.advance(70)
    expect(await text('HEAD')).toBe('')
    expect(asked).toEqual(['GET', 'GET'])
    expect(await text()).toBe('call 2')
  })

  it.each([true, false])('for a stale page of Hono, with its application: %s', async (isGiven) => {
    const { clock, cache } = open()
    const app = new Hono()
    let calls = 0
    app.use(responseCache(cache, isGiven ? { app } : {}))
    app.get('/page', (context) => context.text(`call ${++calls}`, 200, { 'Cache-Control': STALE }))
    const text = async (method = 'GET'): Promise<string> => {
      const body = await (await app.request(PAGE, { method })).text()
      await settle()
      return body
    }
    await text()
    await clock.advance(70)
    expect(await text('HEAD')).toBe('')
    expect(await text()).toMatch(/^call [12]$/)
    expect(await text()).toBe('call 2')
  })
})

describe('a response whose headers can not be changed', () => {
  it.each([['Response.redirect', () => Response.redirect('http://example.test/other', 302)]])(
    '%s reaches its caller',
    async (_, make) => {
      const { responses } = open()
      const wanted = make()
      for (let round = 0; round < 3; round++) {
        const answer = await responses.handle(new Request(PAGE), make)
        expect([answer.status, answer.headers.get('location')]).toEqual([
          wanted.status,
          wanted.headers.get('location'),
        ])
      }
    },
  )
})

describe('a validation', () => {
  it('keeps the tags of a page as they are, however often it happens', async () => {
    const { cache, clock, responses } = open({ tags: () => ['pages'] })
    let length = 0
    for (let round = 0; round < 50; round++) {
      const answer = await responses.handle(new Request(PAGE), ({ headers }) =>
        headers.get('if-none-match') === null
          ? new Response('page', { headers: { 'Cache-Control': 'no-cache', ETag: '"1"' } })
          : new Response(null, { status: 304, headers: { ETag: '"1"' } }),
      )
      expect(await answer.text()).toBe('page')
      await settle()
      await clock.advance(1)
      const space = cache.namespace('http')
      const stored = await space.get<{ headers: [string, string][] }>(`r:${PAGE}`, { stale: true })
      length = JSON.stringify(stored!.headers).length
    }
    expect(length).toBeLessThan(200)
  })

  it('gives a caller the cookies that came with its 304, and nobody else', async () => {
    const { clock, responses } = open()
    let calls = 0
    const ask = async (): Promise<[string, string[]]> => {
      const answer = await responses.handle(new Request(PAGE), ({ headers }) => {
        calls++
        if (headers.get('if-none-match') === null)
          return new Response('page', { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' } })
        const given = new Headers({ ETag: '"1"' })
        given.append('Set-Cookie', `sid=${calls}`)
        given.append('Set-Cookie', `csrf=${calls}`)
        return new Response(null, { status: 304, headers: given })
      })
      const text = await answer.text()
      await settle()
      return [text, answer.headers.getSetCookie()]
    }
    expect(await ask()).toEqual(['page', []])
    await clock.advance(70)
    expect(await ask()).toEqual(['page', ['sid=2', 'csrf=2']])
    expect(await ask()).toEqual(['page', []])
  })
})

describe('a stale page', () => {
  it.each(['private', 'no-store', 'no-cache'])('outlives an error that says %s', async (says) => {
    const { clock, responses } = open()
    let fails = false
    const ask = async (): Promise<string> => {
      const answer = await responses.handle(new Request(PAGE), () =>
        fails
          ? new Response('broken', { status: 500, headers: { 'Cache-Control': says, 'Set-Cookie': 'a=b' } })
          : new Response('page', { headers: { 'Cache-Control': STALE } }),
      )
      const text = await answer.text()
      await settle()
      return text
    }
    await ask()
    fails = true
    await clock.advance(70)
    expect([await ask(), await ask(), await ask()]).toEqual(['page', 'page', 'page'])
  })

  it.each(['private', 'no-store'])('is gone once the handler says %s', async (says) => {
    const { clock, responses } = open()
    let says2 = STALE
    const ask = async (): Promise<string> => {
      const answer = await responses.handle(
        new Request(PAGE),
        () => new Response(says2, { headers: { 'Cache-Control': says2 } }),
      )
      const text = await answer.text()
      await settle()
      return text
    }
    await ask()
    says2 = says
    await clock.advance(70)
    expect([await ask(), await ask()]).toEqual([STALE, says])
  })
})

it('a write whose Location has a login in its URL is answered', async () => {
  const { responses } = open()
  const answer = await responses.handle(
    new Request(PAGE, { method: 'POST' }),
    () =>
      new Response('done', { status: 201, headers: { Location: 'http://ada:secret@example.test/page/2' } }),
  )
  expect(await answer.text()).toBe('done')
})

it('Hono: a hit keeps all cookies of the layers in front of the cache', async () => {
  const { cache } = open()
  const app = new Hono()
  let doesSet = false
  app.use(async (context, next) => {
    if (doesSet)
      for (const name of ['sid', 'csrf']) context.header('Set-Cookie', `${name}=1`, { append: true })
    await next()
  })
  app.use(responseCache(cache, { app }))
  app.get('/page', (context) => context.text('page', 200, { 'Cache-Control': STALE }))
  await until('a hit', async () => {
    const { headers } = await app.request(PAGE)
    return headers.get('cache-status')?.includes('hit') === true
  })
  doesSet = true
  const { headers } = await app.request(PAGE)
  expect([headers.get('cache-status'), headers.getSetCookie()]).toEqual([
    expect.stringContaining('hit'),
    ['sid=1', 'csrf=1'],
  ])
})
