import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventEmitter } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RedisCache } from 'cachette/redis'
import { describeWithServers, startRedis, type RedisServer } from './servers/index.ts'

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
    // Other copies of the packages: nothing of them is the same object as what this project would import.
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cachette-clients-')))
    const here = createRequire(import.meta.url)
    for (const name of [
      'redis',
      '@redis',
      'ioredis',
      '@ioredis',
      'redis-parser',
      'redis-errors',
      'cluster-key-slot',
      'denque',
      'debug',
      'ms',
      'standard-as-callback',
      'lodash.defaults',
      'lodash.isarguments',
    ]) {
      const from = join('node_modules', name)
      try {
        cpSync(from, join(folder, 'node_modules', name), { recursive: true })
      } catch {
        // Not every version needs every one of them.
      }
    }
    copied = createRequire(join(folder, 'index.js'))
    expect(copied('redis')).not.toBe(here('redis'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function make(library: string): AnyClient {
    if (library === 'redis') {
      const { createClient } = copied('redis') as { createClient(options: object): AnyClient }
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
        .map((name) => `${String(name)}:${client.listenerCount(name)}`)
        .sort()
        .join(' ')
    await client.connect?.()
    expect(await client.ping()).toBe('PONG')
    const options = JSON.stringify(client.options)
    const before = listeners()
    const clientsBefore = await connections(server)

    const cache = new RedisCache({ client, prefix: `${library}:`, ttl: '1h' })
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
