import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { describeWithServers } from '../servers/index.ts'
import { IMPORTS, LIBRARIES } from './libraries.ts'
import { Server, until } from './server.ts'
import { realSettings } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

let server: Server

function ping(redis: RedisClient): Promise<Reply> {
  return redis.connectionFor('a').run({ args: ['PING'] }, 'text')
}

interface NodeRedisPackage {
  createClient(options: object): { connect(): Promise<unknown>; destroy(): void; isReady: boolean }
}

interface IoredisPackage {
  readonly Redis: new (options: object) => { disconnect(): void; readonly status: string }
}

/** Loads the package again, with classes of its own. */
function anotherCopy(name: string): unknown {
  const require = createRequire(import.meta.url)
  const first: unknown = require(name)
  for (const path of Object.keys(require.cache)) if (/redis/.test(path)) delete require.cache[path]
  const second: unknown = require(name)
  expect(second).not.toBe(first)
  return second
}

describeWithServers('clients of the user', () => {
  beforeAll(async () => {
    server = await Server.start()
  })

  afterAll(async () => {
    await server.stop()
  })

  describe.each(Object.keys(LIBRARIES))('a client of %s', (library) => {
    it('is neither closed nor changed, and nothing stays on it but a listener for errors', async () => {
      const made = await LIBRARIES[library]!(server.port)
      onTestFinished(() => made.close())
      const client = made.client as object as EventEmitter & { options?: object; ping(): Promise<string> }
      const options = JSON.stringify(client.options)
      const listeners = ['ready', 'close', 'end'].map((event) => client.listenerCount(event))

      const redis = adaptClient(made.client, realSettings())
      expect(await ping(redis)).toBe('PONG')
      await redis.close()

      expect(await client.ping()).toBe('PONG')
      expect(JSON.stringify(client.options)).toBe(options)
      expect(['ready', 'close', 'end'].map((event) => client.listenerCount(event))).toEqual(listeners)
      await expect(ping(redis)).rejects.toMatchObject({ reason: 'unavailable' })
    })

    it('serves any number of caches without more listeners', async () => {
      const made = await LIBRARIES[library]!(server.port)
      onTestFinished(() => made.close())
      const client = made.client as object as EventEmitter
      const events = ['error', 'ready', 'close', 'end']
      const before = events.map((event) => client.listenerCount(event))

      const all = Array.from({ length: 20 }, () => adaptClient(client, realSettings()))
      onTestFinished(async () => void (await Promise.all(all.map((redis) => redis.close()))))

      expect(await Promise.all(all.map(ping))).toEqual(all.map(() => 'PONG'))
      for (const [index, event] of events.entries())
        expect(client.listenerCount(event)).toBeLessThanOrEqual(before[index]! + 1)
      await all[0]!.close()
      expect(await ping(all[1]!)).toBe('PONG')
      await expect(ping(all[0]!)).rejects.toMatchObject({ reason: 'unavailable' })
    })

    it('shares its keys among the connections of a pool, a key always over the same', async () => {
      const made = await LIBRARIES[library]!(server.port)
      onTestFinished(() => made.close())
      const settings = realSettings()
      const redis = await openClient({ client: made.client, pool: 3 }, settings, IMPORTS[library])
      onTestFinished(() => redis.close())
      const id = (key: string): Promise<Reply> =>
        redis
          .connectionFor(key)
          .run({ args: ['CLIENT', 'ID'] }, 'text')
          .catch(() => null)
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)
      await until(async () => !(await Promise.all(keys.map(id))).includes(null))

      const ids = await Promise.all(keys.map(id))

      expect(new Set(ids).size).toBe(3)
      expect(await Promise.all(keys.map(id))).toEqual(ids)
    })
  })

  describe('clients of another copy of their package', () => {
    it.each(['redis5', '@redis/client'])('%s', async (name) => {
      const { createClient } = anotherCopy(name) as NodeRedisPackage
      const client = createClient({ url: server.url })
      onTestFinished(() => client.destroy())

      // The client is not connected yet, and has no listener for errors.
      const redis = adaptClient(client, realSettings())
      onTestFinished(() => redis.close())
      await redis.whenUp()

      expect(await ping(redis)).toBe('PONG')
    })

    it.each(['ioredis', 'ioredis6'])('%s', async (name) => {
      const { Redis } = anotherCopy(name) as IoredisPackage
      const client = new Redis({ port: server.port, lazyConnect: true })
      onTestFinished(() => client.disconnect())

      const redis = adaptClient(client, realSettings())
      onTestFinished(() => redis.close())
      await redis.whenUp()

      expect(await ping(redis)).toBe('PONG')
    })
  })

  describe('adaptClient', () => {
    it('keeps an error of a client that nobody listens to from ending the process', async () => {
      const own = await Server.start()
      onTestFinished(() => own.stop())
      const { createClient } = anotherCopy('@redis/client') as NodeRedisPackage
      const client = createClient({ url: own.url })
      onTestFinished(() => client.destroy())
      const redis = adaptClient(client, realSettings())
      await redis.whenUp()

      await redis.close()
      await own.kill()

      await until(() => !client.isReady)
    })

    it('refuses a client that puts a prefix before keys', () => {
      const { Redis } = anotherCopy('ioredis') as IoredisPackage
      const client = new Redis({ port: server.port, keyPrefix: 'app:', lazyConnect: true })

      expect(() => adaptClient(client, realSettings())).toThrow("keyPrefix 'app:' is not seen by scans")
    })

    it.each([undefined, null, {}, 'redis://', { sendCommand() {} }, new Map()])('refuses %j', (client) => {
      expect(() => adaptClient(client, realSettings())).toThrow('it is no client of node-redis 5 or 6')
    })
  })
})
