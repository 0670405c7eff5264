// The health of a cache over a server in trouble: an engineer who is on call reads one word and the reason for it.
import { describe, expect, it, onTestFinished } from 'vitest'
import type { BaseCache, CacheEvents, Health } from '../../../src/index.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const ALL = ENGINES.flatMap((engine) => LIBRARIES.map((client) => [engine, client] as const))
const STALENESS = { heartbeat: '100ms', maxLag: '500ms', maxStale: '60s' } as const
const PASSWORD = 'open-sesame'

async function start(password?: string): Promise<RedisServer> {
  const server = await startRedis(password === undefined ? {} : { password })
  onTestFinished(() => server.close())
  return server
}

async function open(engine: Engine, client: ClientName, url: string, wait = true): Promise<BaseCache> {
  const opened = await openCache(engine, client, url, { prefix: 'app:', staleness: STALENESS, wait })
  onTestFinished(() => opened[Symbol.asyncDispose]())
  return opened.cache
}

async function told(cache: BaseCache, reason: RegExp, status?: Health['status']): Promise<Health> {
  return until(`${status} ${reason}`, async () => {
    const health = await cache.health()
    return reason.test(health.reason) && (status === undefined || health.status === status) && health
  })
}

describeWithServers('the health', () => {
  describe.each(ALL)('of a %s cache over %s', (engine, client) => {
    const whileAway = engine === 'redis' ? 'down' : 'degraded'

    it('names engine, server and policy of a cache that is well', async () => {
      const server = await start()
      const cache = await open(engine, client, server.url)
      const health = await told(cache, /is connected and answers$/, 'ok')
      const host = `127.0.0.1:${new URL(server.url).port}`
      const connected = { state: 'connected', breaker: 'closed', unanswered: false }
      expect(health).toMatchObject({
        engine,
        host,
        database: 0,
        prefix: 'app:',
        connected: true,
        breaker: 'closed',
        queued: 0,
        servers: [{ node: host, ...connected }],
      })
      const policy = { name: 'available', heartbeatMs: 100, maxLagMs: 500, maxStaleMs: 60_000 }
      expect(health.policy).toEqual(engine === 'tiered' ? policy : undefined)
    })

    it('tells a dead server, what waits for it, and its return', async () => {
      const server = await start()
      const cache = await open(engine, client, server.url)
      await cache.set('kept', 1)
      const states: string[] = []
      cache.on('connection', ({ state }) => states.push(state))
      await server.kill()
      await cache.delete('gone')
      const health = await told(cache, /is not connected.*; 1 invalidation waits for the server$/, whileAway)
      expect(health).toMatchObject({ connected: false, queued: 1 })
      expect(JSON.stringify(health)).not.toMatch(/password/i)
      await server.restart()
      await told(cache, /is connected and answers$/, 'ok')
      expect(states).toEqual(['lost', 'connected'])
    })

    it('tells a frozen server that nothing is asked of, and the breaker', async () => {
      const server = await start()
      const cache = await open(engine, client, server.url)
      const calls: CacheEvents['call'][] = []
      cache.on('call', (event) => calls.push(event))
      server.freeze()
      onTestFinished(() => server.resume())
      const health = await told(cache, /does not answer, and is not asked for now/, whileAway)
      expect(health).toMatchObject({ connected: false, breaker: 'open' })
      expect(cache.stats().breaker).toBe('open')
      expect(calls.some(({ outcome }) => outcome === 'timeout')).toBe(true)
      server.resume()
      await told(cache, /is connected and answers$/, 'ok')
      expect(cache.stats().breaker).toBe('closed')
    })

    it('tells a refused login, without the password', async () => {
      const server = await start(PASSWORD)
      const { port } = new URL(server.url)
      const cache = await open(engine, client, `redis://:wrong-password@127.0.0.1:${port}`, false)
      await cache.get('key')
      const health = await told(cache, /refuses the login; check user name and password/)
      expect(health.status).not.toBe('ok')
      expect(JSON.stringify(health)).not.toMatch(/wrong-password|open-sesame/)
    })

    it('tells a server without memory', async () => {
      const server = await start()
      const cache = await open(engine, client, server.url)
      await server.limitMemory('noeviction')
      await until('a refusal', async () => (await cache.increment('count')) === undefined)
      const health = await told(cache, /refuses commands: /, 'degraded')
      expect(health.connected).toBe(true)
      await server.unlimitMemory()
      await until('a step', async () => cache.increment('count'))
      await told(cache, /is connected and answers$/, 'ok')
    })

    it('never rejects, even if the cache is closed', async () => {
      const server = await start()
      const cache = await open(engine, client, server.url)
      await cache.close()
      expect(await cache.health()).toMatchObject({ status: 'down', reason: 'the cache is closed' })
    })
  })

  it.each(LIBRARIES)('of memory that is too old is down, over %s', async (client) => {
    const server = await start()
    const opened = await openCache('tiered', client, server.url, {
      prefix: 'app:',
      staleness: { ...STALENESS, policy: 'strict' },
    })
    onTestFinished(() => opened[Symbol.asyncDispose]())
    const { cache } = opened
    await cache.set('kept', 1)
    await server.kill()
    const health = await told(cache, /too old under the policy 'strict', so each read is a miss/, 'down')
    expect(health.syncAgeMs).toBeGreaterThan(500)
    expect(cache.stats().syncAgeMs).toBeGreaterThan(500)
  })
})
