import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventEmitter } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cacheOver } from '../caches.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

interface AnyClient extends EventEmitter {
  readonly options?: object
  connect?(): Promise<unknown>
  ping(): Promise<string>
  destroy?(): void
  disconnect(): void
}

describeWithServers('clients that a user passes in', () => {
  let server: RedisServer
  let folder: string
  let copied: NodeJS.Require

  beforeAll(async () => {
    server = await startRedis()
    // Other copies of the packages share no object with those that this project would import.
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cachette-clients-')))
    const here = createRequire(import.meta.url)
    // The copy omits types, maps and unused parts of node-redis.
    for (const name of readdirSync('node_modules')) {
      if (
        !/^(@redis|@ioredis|ioredis|cluster-key-slot|denque|debug|ms|redis-.*|standard-as-callback|lodash\..*)$/.test(
          name,
        )
      )
        continue
      cpSync(join('node_modules', name), join(folder, 'node_modules', name), {
        recursive: true,
        filter: (path) => !/\.d\.ts$|\.map$|@redis\/(bloom|json|search|time-series)/.test(path),
      })
    }
    copied = createRequire(join(folder, 'index.js'))
    expect(copied('@redis/client')).not.toBe(here('@redis/client'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function make(library: string): AnyClient {
    if (library === 'redis') {
      const { createClient } = copied('@redis/client') as { createClient(options: object): AnyClient }
      return createClient({ url: server.url, commandOptions: { timeout: 4321 } })
    }
    const { Redis } = copied('ioredis') as { Redis: new (url: string, options: object) => AnyClient }
    return new Redis(server.url, { commandTimeout: 4321 })
  }

  it.each(['redis', 'ioredis'])('uses one of another copy of %s and leaves it as it was', async (library) => {
    const client = make(library)
    const listeners = (): string =>
      client
        .eventNames()
        // An 'error' without a listener would end the process, so one listener for it stays.
        .filter((name) => name !== 'error')
        .map((name) => `${String(name)}:${client.listenerCount(name)}`)
        .sort()
        .join(' ')
    if (library === 'redis') await client.connect!()
    expect(await client.ping()).toBe('PONG')
    const options = JSON.stringify(client.options)
    const before = listeners()
    const clientsBefore = await connections(server)

    const cache = cacheOver('redis', client, { prefix: `${library}:` })
    expect(await cache.set('a', { b: 1 })).toBe(true)
    expect(await cache.get('a')).toEqual({ b: 1 })
    expect(await server.command('GET', `${library}:a`)).toBe('{"b":1}')
    await cache.close()

    expect(await client.ping()).toBe('PONG')
    expect(JSON.stringify(client.options)).toBe(options)
    expect(listeners()).toBe(before)
    expect(await connections(server)).toBe(clientsBefore)
    if (client.destroy) client.destroy()
    else client.disconnect()
  })
})

async function connections(server: RedisServer): Promise<number> {
  return String(await server.command('CLIENT', 'LIST'))
    .trim()
    .split('\n').length
}
