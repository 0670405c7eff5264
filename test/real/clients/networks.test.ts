import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import type { ConnectionOptions } from '../../../src/redis/connection/options.ts'
import { until } from '../../support/until.ts'
import {
  certificates,
  describeWithServers,
  restrictedUser,
  startProxy,
  startRedis,
  type FaultProxy,
  type RedisServer,
  type ServerOptions,
} from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

async function start(options: ServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.close())
  return server
}

async function proxied(server: RedisServer): Promise<FaultProxy> {
  const proxy = await startProxy({ port: server.port })
  onTestFinished(() => proxy.close())
  return proxy
}

function run(redis: RedisClient, ...args: string[]): Promise<Reply> {
  return redis.connectionFor('a').run({ args }, 'text')
}

describeWithServers('networks', () => {
  describe.each(Object.keys(IMPORTS))('%s', (library) => {
    async function open(options: ConnectionOptions): Promise<RedisClient> {
      const settings = { ...realSettings(), hardMs: 100, breaker: { probeAfterMs: 50, probeAtMostMs: 100 } }
      const redis = await openClient({ connect: 'required', ...options }, settings, IMPORTS[library])
      onTestFinished(() => redis.close())
      return redis
    }

    it('connects by TLS', async () => {
      const server = await start({ tls: true })
      const redis = await open({ url: `rediss://127.0.0.1:${server.port}`, tls: { ca: certificates().ca } })

      expect(await run(redis, 'PING')).toBe('PONG')
      await expect(open({ url: `rediss://127.0.0.1:${server.port}` })).rejects.toThrow(/certificate/i)
    })

    it('connects by a socket, with a password and a database', async () => {
      const server = await start({ unixSocket: true, password: 'sec/ret@' })
      const redis = await open({ url: `unix://:sec%2Fret%40@${server.socketPath}?db=3` })
      await run(redis, 'SET', 'a', '1')

      expect(await run(redis, 'CLIENT', 'INFO')).toMatch(/ db=3 /)
    })

    it('serves a user who may not run dangerous commands or touch channels', async () => {
      const server = await start()
      const redis = await open({ host: '127.0.0.1', port: server.port, ...restrictedUser })

      expect(await run(redis, 'SET', 'a', '1')).toBe('OK')
      await expect(run(redis, 'FLUSHALL')).rejects.toMatchObject({ reason: 'denied' })
    })

    it('says that a server is full, or a replica', async () => {
      const server = await start({ config: ['maxmemory 1', 'maxmemory-policy noeviction'] })
      const redis = await open({ port: server.port })

      await expect(run(redis, 'SET', 'a', '1')).rejects.toMatchObject({ reason: 'full' })
      await server.command('REPLICAOF', '127.0.0.1', '1')
      await expect(run(redis, 'SET', 'a', '1')).rejects.toMatchObject({ reason: 'read-only' })
      // The client connects again, because another server may be there by now.
      await until('an answer', async () => (await run(redis, 'PING')) === 'PONG')
    })

    it('gives up a connection that is silent, and makes another', async () => {
      const server = await start()
      const proxy = await proxied(server)
      const redis = await open({ url: proxy.url })
      const before = await run(redis, 'CLIENT', 'ID')

      proxy.cutServerSide()
      await until('another connection', async () => {
        const now = await run(redis, 'CLIENT', 'ID').catch(() => before)
        return now !== before
      })
    })

    it('returns after a black hole', async () => {
      const server = await start()
      const proxy = await proxied(server)
      const redis = await open({ url: proxy.url })

      proxy.mode = { kind: 'black-hole' }
      await expect(run(redis, 'PING')).rejects.toMatchObject({ reason: 'timeout' })
      await until('the breaker', async () => {
        const reason: unknown = await run(redis, 'PING').catch((error: { reason: string }) => error.reason)
        return reason === 'unavailable'
      })
      proxy.mode = { kind: 'pass' }
      await until('an answer', async () => (await run(redis, 'PING')) === 'PONG')
    })
  })
})
