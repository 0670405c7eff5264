import { MemoryCache, OptionsError, type Logger } from 'cachette'
import { createDashboard, type DashboardOptions } from 'cachette/dashboard'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { get, post } from './asking.ts'

let cache: MemoryCache
const lines: string[] = []
const logger: Logger = { warn: () => undefined, error: (_, message) => lines.push(message) }
const opened: { close(): void }[] = []

function open(options: DashboardOptions = {}) {
  const dashboard = createDashboard(cache, { logger, ...options })
  opened.push(dashboard)
  return dashboard
}

beforeEach(async () => {
  lines.length = 0
  cache = new MemoryCache({ name: 'users' })
  await cache.set('user:7', { name: 'Ada' }, { ttl: '1h', tags: ['users'] })
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of opened.splice(0)) one.close()
  await cache.close()
})

describe('access to the dashboard', () => {
  it('is refused to everybody in production without authorize, and the log says so once', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const dashboard = open({ readOnly: false })

    for (const path of ['', '/', '/figures', '/live', '/other']) {
      expect((await get(dashboard, `/cachette${path}`)).status).toBe(404)
    }
    expect((await post(dashboard, '/cachette/invalidate', { cache: '0', tag: 'users' })).status).toBe(404)
    expect(lines).toEqual([
      'the dashboard refuses all requests, because NODE_ENV is production and it has no authorize',
    ])
    expect(await cache.get('user:7')).toEqual({ name: 'Ada' })
  })

  it('is given without authorize to this machine alone', async () => {
    const dashboard = open()

    for (const host of ['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1'])
      expect((await get(dashboard, '/cachette', {}, host)).status).toBe(200)
    // A name that a stranger lets point to this machine.
    for (const host of ['http://evil.example', 'http://localhost.evil.example', 'http://10.0.0.1'])
      expect((await get(dashboard, '/cachette', {}, host)).status).toBe(403)
    expect((await get(dashboard, '/cachette', { host: 'evil.example' })).status).toBe(403)
    expect(lines).toHaveLength(1)
  })

  it.each([
    ['nothing', {}, 200],
    [
      'addresses of this machine',
      { 'x-forwarded-for': '::1, 127.0.0.1, ::ffff:127.0.0.1', 'x-forwarded-host': 'localhost:3000' },
      200,
    ],
    ['another address', { 'x-forwarded-for': '203.0.113.7' }, 403],
    ['another address behind one of this machine', { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' }, 403],
    ['another real address', { 'x-real-ip': '203.0.113.7' }, 403],
    ['another host', { 'x-forwarded-host': 'shop.example' }, 403],
    ['something in the form of RFC 7239', { forwarded: 'for=203.0.113.7' }, 403],
    ['a malformed host', { host: 'local host' }, 403],
  ])('is given without authorize by what a proxy tells: %s', async (_, headers, status) => {
    expect((await get(open(), '/cachette', headers, 'http://localhost:3000')).status).toBe(status)
  })

  it.each([
    ['true', () => true, 200],
    ['a promise of true', async () => true, 200],
    ['false', () => false, 403],
    ['a truthy value', () => 'yes' as never, 403],
    ['nothing', () => undefined as never, 403],
    ['a response', () => new Response('who?', { status: 401 }), 401],
    [
      'an error',
      () => {
        throw new Error('no session')
      },
      403,
    ],
  ])('is decided by authorize: %s', async (_, authorize, status) => {
    vi.stubEnv('NODE_ENV', 'production')
    const dashboard = open({ authorize })

    for (const path of ['', '/figures']) {
      const answer = await get(dashboard, `/cachette${path}`, {}, 'https://ops.example')
      expect(answer.status).toBe(status)
      expect(answer.text).not.toContain('no session')
    }
  })

  it('asks authorize for each request, the actions included', async () => {
    const asked: string[] = []
    const authorize = ({ method, url }: Request): boolean => {
      asked.push(`${method} ${new URL(url).pathname}`)
      return method === 'GET'
    }
    const dashboard = open({ authorize, readOnly: false })

    expect((await get(dashboard, '/cachette/figures')).status).toBe(200)
    expect((await post(dashboard, '/cachette/invalidate', { cache: '0', tag: 'users' })).status).toBe(403)
    expect(asked).toEqual(['GET /cachette/figures', 'POST /cachette/invalidate'])
    expect(await cache.has('user:7')).toBe(true)
  })
})

describe('actions of the dashboard', () => {
  it.each<[string, Record<string, string | undefined>, number]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['a sibling', { 'sec-fetch-site': 'same-site' }, 403],
    ['an address bar', { 'sec-fetch-site': 'none', origin: undefined }, 403],
    [
      'another origin without the new header',
      { 'sec-fetch-site': undefined, origin: 'https://evil.example' },
      403,
    ],
    ['another port', { 'sec-fetch-site': undefined, origin: 'http://localhost:3001' }, 403],
    ['an opaque origin', { 'sec-fetch-site': undefined, origin: 'null' }, 403],
    ['neither header', { 'sec-fetch-site': undefined, origin: undefined }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
    ['a form that mentions JSON', { 'content-type': 'text/plain; application/json' }, 415],
  ])('are refused if the request comes from %s', async (_, headers, status) => {
    const dashboard = open({ readOnly: false })

    for (const [path, body] of [
      ['/cachette/invalidate', { cache: '0', tag: 'users' }],
      ['/cachette/delete', { cache: '0', key: 'user:7' }],
      ['/cachette/explain', { cache: '0', key: 'user:7' }],
    ] as const)
      expect((await post(dashboard, path, body, headers)).status).toBe(status)
    expect(await cache.has('user:7')).toBe(true)
  })

  it('need POST', async () => {
    const dashboard = open({ readOnly: false })

    const answer = await get(dashboard, '/cachette/invalidate?cache=0&tag=users')

    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
  })

  it('change nothing by default', async () => {
    const dashboard = open()

    expect((await post(dashboard, '/cachette/invalidate', { cache: '0', tag: 'users' })).status).toBe(403)
    expect((await post(dashboard, '/cachette/delete', { cache: '0', key: 'user:7' })).status).toBe(403)
    expect((await post(dashboard, '/cachette/explain', { cache: '0', key: 'user:7' })).status).toBe(200)
    expect(await cache.has('user:7')).toBe(true)
  })

  it('invalidate a tag and delete a key with readOnly: false', async () => {
    const dashboard = open({ readOnly: false })
    await cache.set('user:8', 1)

    const deleted = await post(dashboard, '/cachette/delete', { cache: '0', key: 'user:8' })
    const invalidated = await post(dashboard, '/cachette/invalidate', { cache: '0', tag: 'users' })

    expect(deleted.json).toEqual({ deleted: true })
    expect(invalidated.json).toMatchObject({ invalidation: { l1: 'acked', l2: 'none' } })
    expect(await cache.has('user:7')).toBe(false)
    expect(await cache.has('user:8')).toBe(false)
  })

  it.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['null', 'null'],
    ['a key of another type', '{"cache":"0","key":["user:7"]}'],
    ['no cache of that number', '{"cache":"7","key":"user:7"}'],
    ['the name of a method as the cache', '{"cache":"constructor","key":"user:7"}'],
    ['members in the prototype', '{"__proto__":{"cache":"0","key":"user:7"}}'],
    ['an impossible key', '{"cache":"0","key":"!user"}'],
    ['too much', `{"cache":"0","key":"user:7","more":"${'x'.repeat(20_000)}"}`],
  ])('refuse a body with %s, and change no prototype', async (_, body) => {
    const dashboard = open({ readOnly: false })

    const answer = await post(dashboard, '/cachette/delete', body)

    expect(answer.status).toBe(400)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as Record<string, unknown>)['cache']).toBeUndefined()
    expect(await cache.has('user:7')).toBe(true)
  })
})

describe('createDashboard', () => {
  it.each<[string, unknown, unknown]>([
    ['no cache', {}, {}],
    ['an empty list', [], {}],
    ['an unknown option', undefined, { readonly: false }],
    ['readOnly as text', undefined, { readOnly: 'no' }],
    ['a path with markup', undefined, { basePath: '/"><script>' }],
    ['authorize that is no function', undefined, { authorize: true }],
    ['an auditor that is none', undefined, { auditors: [{}] }],
  ])('refuses %s', (_, caches, options) => {
    expect(() => createDashboard((caches ?? cache) as never, options as never)).toThrow(OptionsError)
  })
})
