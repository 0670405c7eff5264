import type { EventEmitter } from 'node:events'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { adaptClient, type ConnectableClient } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, masterName, startSentinelGroup, type SentinelGroup } from '../servers/index.ts'
import { IMPORTS, SENTINELS, type Made } from './libraries.ts'
import { realSettings } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

function run(redis: RedisClient, ...args: string[]): Promise<Reply> {
  return redis.connectionFor('a').run({ args }, 'text')
}

// Errors before the event do not matter here, unlike in Node's `once`.
function happens(client: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    client.once(event, () => resolve())
  })
}

async function failsOver(redis: RedisClient, group: SentinelGroup, by: 'kill' | 'freeze'): Promise<void> {
  const reconnected = vi.fn()
  const received: string[] = []
  const ready = vi.fn()
  redis.onReconnect(reconnected)
  onTestFinished(redis.subscribe('channel', (text) => received.push(text), ready))
  await until('a subscription', () => ready.mock.calls.length === 1)
  await until('a connection', async () => (await run(redis, 'SET', 'a', 'before')) === 'OK')
  reconnected.mockClear()

  const { after } = await group.failOver(by)
  const seen = async (): Promise<boolean> => {
    const stored = await run(redis, 'SET', 'a', 'after').catch(() => undefined)
    return stored === 'OK' && String(await after.command('GET', 'a')) === 'after'
  }
  await until('writes on the new master', seen)

  expect(reconnected).toHaveBeenCalled()
  const before = ready.mock.calls.length
  await until('a subscription to it', async () => {
    await run(redis, 'PUBLISH', 'channel', 'after')
    return received.length > 0
  })
  expect(before).toBeGreaterThan(0)
}

type IoredisClient = EventEmitter & { readonly status: string; disconnect(reconnect: boolean): void }

/** Makes a group, a user's client for it, and this library's client of that. */
async function withClientOfUser(
  library: string,
): Promise<{ readonly group: SentinelGroup; readonly made: Made; readonly redis: ConnectableClient }> {
  const group = await startSentinelGroup()
  onTestFinished(() => group.close())
  const ports = group.sentinels.map(({ port }) => port)
  const made = SENTINELS[library]!(ports, masterName)
  onTestFinished(() => made.close())
  const redis = adaptClient(made.client, realSettings())
  onTestFinished(() => redis.close())
  return { group, made, redis }
}

describeWithServers('sentinel', () => {
  it.each(Object.keys(IMPORTS))('%s follows the master that sentinels name, by URL', async (library) => {
    const group = await startSentinelGroup()
    onTestFinished(() => group.close())
    const settings = realSettings()
    const redis = await openClient({ url: group.url, connect: 'required' }, settings, IMPORTS[library])
    onTestFinished(() => redis.close())

    await failsOver(redis, group, 'freeze')
  })

  it.each(Object.keys(SENTINELS))('%s follows it with a client of the user', async (library) => {
    const { group, redis } = await withClientOfUser(library)

    await failsOver(redis, group, 'kill')
  })

  it.each(['ioredis 5', 'ioredis 6'])('%s goes on when its search for the master is cut', async (library) => {
    const { redis, made } = await withClientOfUser(library)
    const client = made.client as object as IoredisClient
    await redis.whenUp()

    client.disconnect(true)
    await happens(client, 'connecting')
    client.disconnect(true)
    await happens(client, 'end')

    await until('a connection', async () => (await run(redis, 'SET', 'a', '1').catch(() => 0)) === 'OK')
    // This happens only once: a client that its owner closes later stays closed.
    made.close()
    await happens(client, 'end')
    await new Promise(setImmediate)
    expect(client.status).toBe('end')
  })

  it.each(['ioredis 5', 'ioredis 6'])(
    '%s goes on for the next cache when the one that saw its search cut is closed',
    async (library) => {
      const { redis, made } = await withClientOfUser(library)
      const client = made.client as object as IoredisClient
      await redis.whenUp()

      client.disconnect(true)
      await happens(client, 'connecting')
      // Between the error and the end of the client, no cache is left, or only one that has just been made.
      client.once('error', () => void redis.close())
      client.disconnect(true)
      await happens(client, 'end')
      const next = adaptClient(client, realSettings())
      onTestFinished(() => next.close())

      await until('a connection', async () => (await run(next, 'SET', 'a', '1').catch(() => 0)) === 'OK')
    },
  )

  it.each(['ioredis 5', 'ioredis 6'])('%s stays closed when its owner has closed it', async (library) => {
    const { redis, made } = await withClientOfUser(library)
    const client = made.client as object as IoredisClient
    await redis.whenUp()

    client.disconnect(true)
    await happens(client, 'connecting')
    made.close()
    await happens(client, 'end')
    await new Promise(setImmediate)

    expect(client.status).toBe('end')
  })

  it.each(Object.keys(IMPORTS))(
    '%s tells one group from another whose master has the same name',
    async (library) => {
      const logger = new RecordingLogger()
      const groups = await Promise.all([startSentinelGroup(), startSentinelGroup()])
      for (const group of groups) onTestFinished(() => group.close())
      const clients = await Promise.all(
        groups.map(async ({ url }, index) => {
          const settings = { ...realSettings(), logger, name: `cache ${index}` }
          return openClient({ url, connect: 'required' }, settings, IMPORTS[library])
        }),
      )
      for (const client of clients) onTestFinished(() => client.close())
      const [one, other] = clients as [RedisClient, RedisClient]
      const full = await groups[1].master()
      await full.command('CONFIG', 'SET', 'maxmemory', 1)
      await expect(run(other, 'SET', 'a', '1')).rejects.toThrow(/OOM/)
      expect(one.nodes!.all).toMatchObject([{ state: 'connected' }])
      expect(other.nodes!.all).toMatchObject([{ state: 'refusing' }])
      expect(await run(one, 'SET', 'a', '1')).toBe('OK')
      expect(other.nodes!.all).toMatchObject([{ state: 'refusing' }])
      expect(logger.lines.map(({ details }) => details)).toMatchObject([{ cache: 'cache 1' }])
    },
  )
})
