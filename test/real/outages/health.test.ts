// Every trouble of docs/outages.md as an engineer on call sees it, who asks for the health of caches that do nothing else.
import { expect, it, onTestFinished } from 'vitest'
import type { BaseCache, Health } from 'cachette'
import { until } from '../../support/until.ts'
import { ENGINES, openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startProxy, startRedis } from '../servers/index.ts'
import { SCENARIOS } from './scenarios.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const STALENESS = { heartbeat: '200ms', maxLag: '1s', maxStale: '5m' } as const
/** Nothing but the question for the health is sent over an idle connection. */
const QUIET = { bus: 'none', staleness: { heartbeat: '3s', maxLag: '10s', maxStale: '5m' } } as const
const logger = { warn: () => undefined, error: () => undefined }

interface Told {
  /** The sentence while the trouble lasts. */
  readonly reason: RegExp
  /** Whether the memory of the process serves alone, and no read of the other engine is answered. */
  readonly isAway: boolean
  /** The sentence afterwards, if the caches are never well. */
  readonly after?: RegExp
}

const gone = (reason: RegExp): Told => ({ reason, isAway: true })
const less = (reason: RegExp): Told => ({ reason, isAway: false })

/** Not the bus, whose connection may be lost a moment before that of the server. */
const LOST = /(?<!the bus) is not connected/

/** The rows of the table, by their names. */
const TOLD: Readonly<Record<string, Told>> = {
  'absent at start': gone(LOST),
  killed: gone(LOST),
  frozen: gone(/does not answer, and is not asked for now/),
  paused: gone(/does not answer, and is not asked for now/),
  'black-holed': gone(/does not answer, and is not asked for now/),
  'out of memory': less(/refuses commands: OOM/),
  'read-only': less(/refuses commands: READONLY/),
  'wrong password': gone(/refuses the login; check user name and password/),
  'password rotated': gone(/refuses the login; check user name and password/),
  'idle connection dropped in silence': less(/has not answered the last call|does not answer/),
  'moved, the demoted server goes on': less(/refuses commands: READONLY|(?<!the bus) is not connected/),
  'failing over (Sentinel)': gone(LOST),
  'failing over (Cluster)': less(/is not connected.*; the other servers answer/),
  'one master of three frozen: calls of the others': less(/does not answer.*; the other servers answer/),
  'one master of three killed: calls of the others': less(/is not connected.*; the other servers answer/),
}

/** Opens two tiers until the end of the test. */
async function tiers(client: ClientName, url: string): Promise<BaseCache> {
  const opened = await openCache('tiered', client, url, { prefix: 'app:', logger, staleness: STALENESS })
  onTestFinished(async () => opened[Symbol.asyncDispose]())
  return opened.cache
}

async function told(cache: BaseCache, reason: RegExp, status?: Health['status']): Promise<Health> {
  return until(
    `${status} ${reason}`,
    async () => {
      const health = await cache.health()
      if (reason.test(health.reason) && (status === undefined || health.status === status)) return health
      throw new Error(`${health.status}: ${health.reason}`)
    },
    { timeoutMs: 40_000 },
  )
}

describeWithServers('the health in outages', () => {
  it('has a sentence for each row of the table', () => {
    const others = SCENARIOS.map(({ name }) => name).filter((name) => TOLD[name] === undefined)
    expect(others).toEqual(['restricted ACL'])
  })

  it.each(SCENARIOS.filter(({ name }) => TOLD[name] !== undefined))(
    'tells of a server that is $name, and of its return',
    async ({ name, start, endsByItself = false, isQuiet = false }) => {
      const { reason, isAway } = TOLD[name]!
      const stage = await start()
      onTestFinished(async () => stage[Symbol.asyncDispose]())
      const caches: {
        readonly engine: Engine
        readonly cache: BaseCache
        readonly login: { password: string }
      }[] = []
      for (const engine of isQuiet ? (['redis'] as const) : ENGINES)
        for (const client of CLIENTS) {
          const login = { ...stage.login!, password: stage.login?.password ?? '' }
          const opened = await openCache(engine, client, stage.url, {
            prefix: `${engine} ${client}:`,
            logger,
            staleness: STALENESS,
            ...(isQuiet && QUIET),
            wait: stage.worksFirst,
            login: stage.login && login,
          })
          onTestFinished(async () => opened[Symbol.asyncDispose]())
          caches.push({ engine, cache: opened.cache, login })
        }
      const well = /is connected and answers$/
      if (stage.worksFirst) await Promise.all(caches.map(async ({ cache }) => told(cache, well, 'ok')))
      const noticed = stage.begin().then(async () =>
        Promise.all(
          caches.map(async ({ engine, cache }) => {
            if (!isAway) return told(cache, reason, endsByItself ? undefined : 'degraded')
            const isOld = engine === 'tiered' && !stage.worksFirst
            return told(
              cache,
              reason,
              endsByItself || isOld ? undefined : engine === 'redis' ? 'down' : 'degraded',
            )
          }),
        ),
      )
      for (const { connected, breaker, servers } of await noticed) {
        const states = servers.map(({ state }) => state)
        expect(isAway && connected).toBe(false)
        expect(breaker).toBe(states.includes('silent') ? 'open' : 'closed')
      }
      await stage.end()
      if (stage.newPassword !== undefined) for (const { login } of caches) login.password = stage.newPassword
      if (name.startsWith('one master of three')) for (const { cache } of caches) await cache.get('any')
      await Promise.all(caches.map(async ({ cache }) => told(cache, well, 'ok')))
    },
  )

  it.each(CLIENTS)('tells of a user who may not subscribe, with %s', async (client) => {
    const scenario = SCENARIOS.find(({ name }) => name === 'restricted ACL')!
    const stage = await scenario.start()
    onTestFinished(async () => stage[Symbol.asyncDispose]())
    const cache = await tiers(client, stage.url)
    const health = await told(cache, /does not let this process subscribe to the bus/, 'degraded')
    expect(health).toMatchObject({ bus: 'refused', connected: true })
  })

  it.each(CLIENTS)('tells of a bus that is refused, and of its return, with %s', async (client) => {
    const server = await startRedis()
    onTestFinished(async () => server.close())
    const cache = await tiers(client, server.url)
    expect(await told(cache, /answers$/, 'ok')).toMatchObject({ bus: 'connected' })
    // The server ends connections that listen to what they no longer may.
    await server.command('ACL', 'SETUSER', 'default', 'resetchannels')
    const alone = /bus.*; changes by other processes arrive with the heartbeat alone$/
    // node-redis drops a connection over which it may not subscribe again.
    const { bus, connected } = await told(cache, alone, 'degraded')
    expect(['lost', 'refused']).toContain(bus)
    expect(connected).toBe(true)
    expect(await cache.set('key', 1)).toBe(true)
    await server.command('ACL', 'SETUSER', 'default', 'allchannels')
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
    expect(await told(cache, /answers$/, 'ok')).toMatchObject({ bus: 'connected' })
  })

  it.each(CLIENTS)('tells of a bus that is lost alone, and of its return, with %s', async (client) => {
    const server = await startRedis()
    onTestFinished(async () => server.close())
    const proxy = await startProxy(server)
    onTestFinished(async () => proxy.close())
    const cache = await tiers(client, proxy.url)
    expect(await told(cache, /answers$/, 'ok')).toMatchObject({ bus: 'connected' })
    proxy.mode = { kind: 'refuse' }
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    expect(await told(cache, /the bus is not connected/, 'degraded')).toMatchObject({
      bus: 'lost',
      connected: true,
    })
    expect(await cache.set('key', 1)).toBe(true)
    proxy.mode = { kind: 'pass' }
    expect(await told(cache, /answers$/, 'ok')).toMatchObject({ bus: 'connected' })
  })
})
