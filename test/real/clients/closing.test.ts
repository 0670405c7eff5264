// A connection that has begun to open is closed when it arrives.
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { until } from '../../support/until.ts'
import {
  describeWithServers,
  startCluster,
  startProxy,
  startRedis,
  startSentinelGroup,
} from '../servers/index.ts'
import type { RedisServer } from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCP|TLS|Pipe)/.test(name)).length

async function openAndClose(library: string, options: object): Promise<void> {
  const before = sockets()
  const clients = await Promise.all(
    Array.from({ length: 8 }, async () => openClient(options, realSettings(), IMPORTS[library])),
  )
  for (const client of clients)
    client.subscribe(
      'channel',
      () => undefined,
      () => undefined,
    )
  // Closes at once, and at moments in between.
  for (const [index, client] of clients.entries()) {
    for (let turn = 0; turn < index * 3; turn++) await new Promise(setImmediate)
    await client.close()
  }
  let looks = 0
  await until('all to be closed, for good', () => {
    looks = sockets() <= before ? looks + 1 : 0
    return looks > 50
  })
  expect(escaped).not.toHaveBeenCalled()
}

async function clientsOf(server: RedisServer): Promise<number> {
  const list = String(await server.command('CLIENT', 'LIST', 'TYPE', 'normal'))
  return list
    .trim()
    .split('\n')
    .filter((line) => !/cmd=client\|list/.test(line)).length
}

describeWithServers('closing while it connects', () => {
  describe.each(Object.keys(IMPORTS))('%s', (library) => {
    it('leaves no connection to one server, nor of a pool', async () => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      await openAndClose(library, { port: server.port })
      await openAndClose(library, { port: server.port, pool: 3 })
      expect(await clientsOf(server)).toBe(0)
    })

    it('leaves none where the way is slow, where nobody answers, and where nobody is', async () => {
      const server = await startRedis()
      const proxy = await startProxy(server)
      onTestFinished(async () => {
        await proxy.close()
        await server.close()
      })
      proxy.mode = { kind: 'delay', ms: 50 }
      await openAndClose(library, { port: proxy.port })
      proxy.mode = { kind: 'black-hole' }
      await openAndClose(library, { port: proxy.port })
      proxy.mode = { kind: 'pass' }
      await until('the server to be alone', async () => (await clientsOf(server)) === 0)
      await openAndClose(library, { port: 1 })
    })

    it('leaves none to a cluster', async () => {
      const cluster = await startCluster()
      onTestFinished(() => cluster.close())
      await openAndClose(library, { url: cluster.url })
    })

    it('leaves none to the master of sentinels', async () => {
      const group = await startSentinelGroup()
      onTestFinished(() => group.close())
      await openAndClose(library, { url: group.url })
    })
  })
})
