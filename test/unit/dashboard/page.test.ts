import { MemoryCache } from 'cachette'
import { createDashboard } from 'cachette/dashboard'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { get, post } from './asking.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

function made<T extends { close(): unknown }>(one: T): T {
  opened.push(one)
  return one
}

describe('the page', () => {
  it('runs its own script only, by a nonce that no other answer has', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache())))

    const [first, second] = [await get(dashboard, '/cachette'), await get(dashboard, '/cachette/')]

    const nonces = [first, second].map(({ headers, text }) => {
      const policy = headers.get('content-security-policy')!
      expect(policy).toContain(`default-src 'none'; script-src 'nonce-`)
      expect(policy).toContain(`connect-src 'self'`)
      expect(policy).toContain(`base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
      expect(policy).not.toContain('unsafe')
      const nonce = /script-src 'nonce-([^']+)'/.exec(policy)![1]!
      expect(text.split(`nonce="${nonce}"`)).toHaveLength(3)
      expect(text.match(/<script/g)).toHaveLength(1)
      return nonce
    })
    expect(nonces[0]).not.toBe(nonces[1])
  })

  it('is one answer below 80 KB that names no other host', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache())))

    const { text } = await get(dashboard, '/cachette')

    expect(Buffer.byteLength(text)).toBeLessThan(80 * 1024)
    const hosts = [...text.matchAll(/https?:\/\/[\w.]+/g)].map(([host]) => host)
    // The names of namespaces of XML are no addresses.
    expect(hosts.filter((host) => host !== 'http://www.w3.org')).toEqual([])
  })

  it('is kept by nobody and framed by nobody', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache())))

    for (const path of ['/cachette', '/cachette/figures', '/cachette/nothing']) {
      const { headers } = await get(dashboard, path)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    }
  })

  it('is at its path alone', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache()), { basePath: '/ops/cache/' }))

    const statuses = await Promise.all(
      ['/ops/cache', '/ops/cache/', '/ops/cache/figures', '/cachette', '/ops/cachex', '/'].map(
        async (path) => (await get(dashboard, path)).status,
      ),
    )

    expect(statuses).toEqual([200, 200, 200, 404, 404, 404])
  })
})

describe('the inspector', () => {
  it('explains an entry and shows no value by default, and counts nothing', async () => {
    const cache = made(new MemoryCache())
    await cache.set('user:7', { secret: 'hunter2' }, { ttl: '1h', tags: ['users'] })
    const dashboard = made(createDashboard(cache))

    const { text, json } = await post(dashboard, '/cachette/explain', { cache: '0', key: 'user:7' })

    expect(json).toMatchObject({ explanation: { key: 'user:7', outcome: 'fresh', servedBy: 'l1' } })
    expect(text).not.toContain('hunter2')
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0 })
  })

  it('shows a value with showValues, and counts nothing', async () => {
    const cache = made(new MemoryCache())
    await cache.set('user:7', { name: 'Ada', tags: new Set(['a']), big: 7n })
    const dashboard = made(createDashboard(cache, { showValues: true }))

    const { json } = await post(dashboard, '/cachette/explain', { cache: '0', key: 'user:7' })

    expect(JSON.parse(json['value']!)).toEqual({ name: 'Ada', tags: { Set: ['a'] }, big: '7n' })
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0 })
  })

  it('lists keys that begin alike, as text', async () => {
    const cache = made(new MemoryCache())
    const evil = '<img src=x onerror=alert(1)>'
    await cache.set(evil, 1)
    for (let index = 0; index < 60; index++) await cache.set(`user:${index}`, index)
    const dashboard = made(createDashboard(cache))

    const few = await post(dashboard, '/cachette/keys', { cache: '0', prefix: '<' })
    const many = await post(dashboard, '/cachette/keys', { cache: '0', prefix: 'user:' })

    expect(few.json).toEqual({ keys: [evil], areAll: true })
    expect(few.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(many.json['keys']).toHaveLength(50)
    expect(many.json['areAll']).toBe(false)
  })

  it('lists the keys that a large server has found in time, and says that these are not all', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort(new Error('too late')))
    onTestFinished(() => void vi.restoreAllMocks())
    const cache = made(new MemoryCache())
    const keys = async function* ({ signal }: { readonly signal?: AbortSignal }) {
      yield 'user:7'
      signal!.throwIfAborted()
    }
    const dashboard = made(createDashboard(Object.assign(cache, { keys: keys as never })))

    const { json } = await post(dashboard, '/cachette/keys', { cache: '0', prefix: 'user:' })

    expect(json).toEqual({ keys: ['user:7'], areAll: false })
  })

  it('takes the whole key in a dashboard of a namespace', async () => {
    const cache = made(new MemoryCache())
    const carts = cache.namespace('carts')
    await carts.set('7', 'full')
    const dashboard = made(createDashboard(carts))

    const inside = await post(dashboard, '/cachette/explain', { cache: '0', key: 'carts:7' })
    const listed = await post(dashboard, '/cachette/keys', { cache: '0', prefix: 'carts:' })

    expect(inside.json).toMatchObject({ explanation: { key: 'carts:7', outcome: 'fresh' } })
    expect(listed.json).toEqual({ keys: ['carts:7'], areAll: true })
  })
})
