// A caller that repeats a refused call without a pause must not keep the process from hearing that the server is back.
import { expect, it, onTestFinished } from 'vitest'
import { silentLogger } from 'cachette'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import {
  describeWithServers,
  startCluster,
  startRedis,
  startSentinelGroup,
  type RedisServer,
} from '../servers/index.ts'

const BOUND_MS = 20_000

interface Servers extends AsyncDisposable {
  readonly url: string
  readonly all: readonly RedisServer[]
}

const TOPOLOGIES: Readonly<Record<string, () => Promise<Servers>>> = {
  'one server': async () => {
    const server = await startRedis()
    return { url: server.url, all: [server], [Symbol.asyncDispose]: () => server.close() }
  },
  'a cluster': async () => {
    const cluster = await startCluster()
    return { url: cluster.url, all: cluster.servers, [Symbol.asyncDispose]: () => cluster.close() }
  },
  'a Sentinel group': async () => {
    const group = await startSentinelGroup()
    return { url: group.url, all: group.servers, [Symbol.asyncDispose]: () => group.close() }
  },
}

// Majors of a library differ in single connections only.
function clientsFor(topology: string): readonly ClientName[] {
  return topology === 'one server' ? CLIENT_NAMES : ['node-redis 6', 'ioredis 5']
}

const CALLS = {
  setMany: async (cache) => cache.setMany(Array.from({ length: 500 }, (_, at) => [`key:${at}`, at] as const)),
  increment: async (cache) => (await cache.increment('count')) !== undefined,
} as const satisfies Record<
  string,
  (cache: Awaited<ReturnType<typeof openCache>>['cache']) => Promise<boolean>
>

describeWithServers('a refused call that is repeated without a pause', () => {
  const cases = Object.keys(TOPOLOGIES).flatMap((topology) =>
    ENGINES.flatMap((engine) => clientsFor(topology).map((client) => [topology, engine, client] as const)),
  )

  it.each(cases)('succeeds when it is back: %s, %s, %s', async (topology, engine, client) => {
    const servers = await TOPOLOGIES[topology]!()
    onTestFinished(() => servers[Symbol.asyncDispose]())
    const options = { prefix: 'app:', logger: silentLogger, deadline: { hard: 0.2 } }
    const opened = await openCache(engine, client, servers.url, options)
    onTestFinished(() => opened[Symbol.asyncDispose]())
    for (const [name, call] of Object.entries(CALLS)) {
      for (const server of servers.all) server.freeze()
      await until('the server to be given up', async () => {
        const began = performance.now()
        const stored = await call(opened.cache)
        return !stored && performance.now() - began < 50
      })
      for (const server of servers.all) server.resume()
      const untilMs = performance.now() + BOUND_MS
      let isBack = false
      while (!isBack && performance.now() < untilMs) isBack = await call(opened.cache)
      expect(isBack, name).toBe(true)
    }
  })
})
