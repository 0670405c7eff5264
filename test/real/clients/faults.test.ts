import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import type { ConnectionOptions } from '../../../src/redis/connection/options.ts'
import { describeWithServers } from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { freePort, Server, until } from './server.ts'
import { realSettings } from './setting.ts'

// Calls that must never happen, whatever the server does.
const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

const HARD_MS = 200

describeWithServers('clients in trouble', () => {
  describe.each(Object.keys(IMPORTS))('%s', (library) => {
    async function open(
      options: ConnectionOptions,
    ): Promise<{ redis: RedisClient; summary: () => readonly string[] }> {
      const settings = {
        ...realSettings(),
        hardMs: HARD_MS,
        breaker: { probeAfterMs: 50, probeAtMostMs: 200 },
      }
      const redis = await openClient(options, settings, IMPORTS[library])
      onTestFinished(() => redis.close())
      return { redis, summary: () => settings.logger.summary }
    }

    async function start(...args: string[]): Promise<Server> {
      const server = await Server.start(...args)
      onTestFinished(() => server.stop())
      return server
    }

    function ping(redis: RedisClient): Promise<Reply> {
      return redis.connectionFor('a').run({ args: ['PING'] }, 'text')
    }

    function outcome(redis: RedisClient): Promise<unknown> {
      return ping(redis).catch((error: unknown) => (error as { reason: string }).reason)
    }

    it('begins without a server, and is there when it is', async () => {
      const port = await freePort()
      const { redis, summary } = await open({ port })
      const reconnected = vi.fn()
      redis.onReconnect(reconnected)

      expect(await outcome(redis)).toBe('unavailable')
      await until(() => summary().length === 1)
      const server = new Server(port)
      onTestFinished(() => server.stop())
      await server.start()
      await until(async () => (await outcome(redis)) === 'PONG')

      expect(reconnected).toHaveBeenCalledOnce()
      expect(summary()).toEqual([
        'warn: Redis is not connected; it is tried again until it is',
        'info: Redis is connected again',
      ])
    })

    it('rejects at once while the server is down, and returns with it', async () => {
      const server = await start()
      const { redis, summary } = await open({ url: server.url, connect: 'required' })
      const reconnected = vi.fn()
      redis.onReconnect(reconnected)

      await server.kill()
      await until(async () => (await outcome(redis)) === 'unavailable')
      const beganMs = performance.now()
      for (let round = 0; round < 100; round++) expect(await outcome(redis)).toBe('unavailable')
      expect(performance.now() - beganMs).toBeLessThan(HARD_MS)

      await server.start()
      await until(async () => (await outcome(redis)) === 'PONG')
      expect(reconnected).toHaveBeenCalledOnce()
      expect(summary()).toEqual([
        'warn: Redis is not connected; it is tried again until it is',
        'info: Redis is connected again',
      ])
    })

    it('does not wait for a frozen server longer than the deadline, then not at all, and returns with it', async () => {
      const server = await start()
      const { redis, summary } = await open({ url: server.url, connect: 'required' })
      server.signal('SIGSTOP')
      onTestFinished(() => server.signal('SIGCONT'))

      const first = await Promise.all(Array.from({ length: 5 }, () => outcome(redis)))
      expect(first).toEqual(Array.from({ length: 5 }, () => 'timeout'))
      const beganMs = performance.now()
      for (let round = 0; round < 100; round++) expect(await outcome(redis)).toBe('unavailable')
      expect(performance.now() - beganMs).toBeLessThan(HARD_MS)

      server.signal('SIGCONT')
      await until(async () => (await outcome(redis)) === 'PONG')
      expect(summary()).toEqual([
        'warn: Redis does not answer; it is not asked until it does',
        'info: Redis answers again',
      ])
    })

    it('executes what timed out before what is sent after the return', async () => {
      const server = await start()
      const { redis } = await open({ url: server.url, connect: 'required' })
      const connection = redis.connectionFor('a')
      server.signal('SIGSTOP')
      onTestFinished(() => server.signal('SIGCONT'))

      await expect(connection.run({ args: ['SET', 'a', 'late'] }, 'text')).rejects.toThrow('no answer')
      server.signal('SIGCONT')
      expect(await connection.run({ args: ['DEL', 'a'] }, 'text')).toBe(1)
      expect(await connection.run({ args: ['GET', 'a'] }, 'text')).toBeNull()
    })

    it('sends nothing again that a lost connection did not answer', async () => {
      const server = await start()
      const { redis } = await open({ url: server.url, connect: 'required' })
      const admin = await open({ url: server.url, connect: 'required' })
      const id = (await redis.connectionFor('a').run({ args: ['CLIENT', 'ID'] }, 'text')) as number
      await redis.connectionFor('a').run({ args: ['SET', 'n', '0'] }, 'text')

      // The pause holds the command back, and the connection's end loses it.
      await admin.redis.connectionFor('a').run({ args: ['CLIENT', 'PAUSE', '10000', 'WRITE'] }, 'text')
      const losing = redis.connectionFor('a').run({ args: ['INCR', 'n'] }, 'text')
      const lost = expect(losing).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_CACHE_STORE_/) })
      await admin.redis.connectionFor('a').run({ args: ['CLIENT', 'KILL', 'ID', String(id)] }, 'text')
      await lost
      await until(async () => (await outcome(redis)) === 'PONG')
      await admin.redis.connectionFor('a').run({ args: ['CLIENT', 'UNPAUSE'] }, 'text')

      expect(await redis.connectionFor('a').run({ args: ['INCR', 'n'] }, 'text')).toBe(1)
    })

    it('says that the password is wrong, without saying what it is', async () => {
      const server = await start('--requirepass', 'right-secret')
      const { redis, summary } = await open({ url: `redis://:wrong-secret@127.0.0.1:${server.port}` })

      await until(async () => (await outcome(redis)) === 'denied')
      const error: unknown = await ping(redis).catch((reason: unknown) => reason)

      expect(summary()).toEqual([
        'error: Redis refuses the login; check user name and password of the URL, or the option `credentials`',
      ])
      expect(String(error)).not.toContain('wrong-secret')
    })

    it('rejects when a connection is required and there is none', async () => {
      const port = await freePort()
      const server = await start('--requirepass', 'right')

      await expect(open({ port, connect: 'required' })).rejects.toMatchObject({ reason: 'unavailable' })
      await expect(open({ url: server.url, password: 'wrong', connect: 'required' })).rejects.toMatchObject({
        reason: 'denied',
      })
    })

    it('subscribes again after the connection was lost, and says so', async () => {
      const server = await start()
      const { redis } = await open({ url: server.url, connect: 'required' })
      const received: string[] = []
      const ready = vi.fn()
      onTestFinished(redis.subscribe('channel', (text) => received.push(text), ready))
      await until(() => ready.mock.calls.length === 1)

      await redis.connectionFor('a').run({ args: ['CLIENT', 'KILL', 'TYPE', 'pubsub'] }, 'text')
      await until(() => ready.mock.calls.length === 2)
      await redis.connectionFor('a').run({ args: ['PUBLISH', 'channel', 'after'] }, 'text')
      await until(() => received.length === 1)

      expect(received).toEqual(['after'])
    })

    it('runs without the bus where the user has no rights for channels', async () => {
      const server = await start()
      const admin = await open({ url: server.url, connect: 'required' })
      await admin.redis
        .connectionFor('a')
        .run({ args: ['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', 'resetchannels'] }, 'text')
      const { redis, summary } = await open({
        url: server.url,
        username: 'app',
        password: 'secret',
        connect: 'required',
      })
      const ready = vi.fn()
      onTestFinished(redis.subscribe('channel', () => {}, ready))

      await until(() => summary().length === 1)

      expect(summary()).toEqual([
        'warn: Redis does not let us subscribe; invalidations arrive with the heartbeat alone',
      ])
      expect(ready).not.toHaveBeenCalled()
      expect(await ping(redis)).toBe('PONG')
    })
  })
})
