import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import type { ConnectionOptions } from '../../../src/redis/connection/options.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import type { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import {
  describeWithServers,
  restrictedUser,
  startCluster,
  startRedis,
  startSentinelGroup,
} from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const LOST = 'warn: Redis is not connected; it is tried again until it is'
const BACK = 'info: Redis is connected again'
const REPLACED = 'info: another server of the cluster has taken over'

interface Opened {
  readonly redis: RedisClient
  readonly logger: RecordingLogger
  /** The function that is called when the bus is there. */
  readonly onBus: ReturnType<typeof vi.fn>
}

async function open(
  library: string,
  options: ConnectionOptions,
  connect: ConnectionOptions['connect'] = 'required',
): Promise<Opened> {
  const settings = { ...realSettings(), hardMs: 200, breaker: { probeAfterMs: 50, probeAtMostMs: 200 } }
  const redis = await openClient({ ...options, connect }, settings, IMPORTS[library])
  onTestFinished(() => redis.close())
  const onBus = vi.fn()
  redis.subscribe('channel', () => {}, onBus)
  return { redis, logger: settings.logger, onBus }
}

function ping(redis: RedisClient, key: string): Promise<Reply> {
  return redis.connectionFor(key).run({ args: ['PING'] }, 'text')
}

// The keys reach every master of a cluster and every connection of a pool.
const KEYS = Array.from({ length: 20 }, (_, index) => `key ${index}`)

/** Waits until all kinds of connections to all servers are there and answer. */
async function serves({ redis, onBus }: Opened, rounds: number): Promise<void> {
  await until('every connection', async () => {
    const replies = await Promise.all(KEYS.map((key) => ping(redis, key)))
    return replies.every((reply) => reply === 'PONG')
  })
  await until('the bus', () => onBus.mock.calls.length >= rounds)
}

async function isLost({ redis }: Opened): Promise<void> {
  await until('the loss', async () => (await ping(redis, 'a').catch(() => 'lost')) === 'lost')
}

async function isBack({ logger }: Opened): Promise<void> {
  await until('the second line', () => logger.lines.length >= 2)
}

describeWithServers('lines of the log', () => {
  describe.each(['node-redis 6', 'ioredis 5'])('%s', (library) => {
    it.each([1, 4])('are one for a lost server and one for its return, of %i connections', async (size) => {
      await using server = await startRedis()
      const opened = await open(library, { url: server.url, pool: size })
      await serves(opened, 1)

      for (const round of [1, 2]) {
        await server.kill()
        await isLost(opened)
        await server.restart()
        await serves(opened, round + 1)
      }

      expect(opened.logger.summary).toEqual([LOST, BACK, LOST, BACK])
    })

    it('are one where there is no server at first, and one when there is', async () => {
      await using server = await startRedis()
      await server.kill()
      const opened = await open(library, { url: server.url, pool: 4 }, 'background')
      await isLost(opened)

      await server.restart()
      await serves(opened, 1)

      expect(opened.logger.summary).toEqual([LOST, BACK])
    })

    it('are one for a silent server and one for its first answer, of 4 connections', async () => {
      await using server = await startRedis()
      const opened = await open(library, { url: server.url, pool: 4 })
      await serves(opened, 1)

      server.freeze()
      await until('every breaker', async () => {
        const asked = [...KEYS, ...KEYS].map((key) =>
          ping(opened.redis, key).catch((error: unknown) => error),
        )
        return (await Promise.all(asked)).every((error) =>
          (error as Error).message.includes('it is not asked for now'),
        )
      })
      server.resume()
      await serves(opened, 1)

      expect(opened.logger.summary).toEqual([
        'warn: Redis does not answer; it is not asked until it does',
        'info: Redis answers again',
      ])
    })

    it('are none for a bus that is cut and soon back', async () => {
      await using server = await startRedis()
      const opened = await open(library, { url: server.url })
      await serves(opened, 1)

      await server.killClients('pubsub')
      await serves(opened, 2)

      expect(opened.logger.summary).toEqual([])
    })

    it('are one for a bus that does not come back, and one when it does', async () => {
      await using server = await startRedis()
      const opened = await open(library, { url: server.url })
      await serves(opened, 1)
      const admin = await server.connect()
      const clients = Number((await server.info('clients')).get('connected_clients')) - 1

      await admin.command('CONFIG', 'SET', 'maxclients', clients - 1)
      await admin.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      const { logger } = opened
      await until('a line', () => logger.lines.length > 0)
      expect(logger.summary).toEqual([
        'warn: the bus is not connected; invalidations arrive with the heartbeat alone until it is',
      ])
      await admin.command('CONFIG', 'SET', 'maxclients', clients + 100)
      await serves(opened, 2)

      expect(logger.summary.slice(1)).toEqual(['info: the bus is connected again'])
      admin.close()
    })

    it('are one for a bus without rights, over whatever number of connections', async () => {
      await using server = await startRedis()
      const opened = await open(library, { url: server.urlOf(restrictedUser) })
      const { logger } = opened
      await until('a line', () => logger.lines.length > 0)

      const ids = async (): Promise<string> => {
        const list = String(await server.command('CLIENT', 'LIST'))
        return list.match(/(?<=^id=)\d+(?=.* cmd=subscribe user=restricted )/gm)?.join() ?? ''
      }
      const before = await until('the bus', async () => (await ids()) || undefined)
      await server.command('CLIENT', 'KILL', 'ID', before)
      await until('the bus again', async () => ((await ids()) || before) !== before)
      await serves(opened, 0)

      expect(logger.summary).toEqual([
        'warn: Redis does not let us subscribe; invalidations arrive with the heartbeat alone',
      ])
    })

    it('are one for the master that sentinels name, and one when there is one again', async () => {
      await using group = await startSentinelGroup()
      const opened = await open(library, { url: group.url })
      await serves(opened, 1)

      await group.failOver()
      await isBack(opened)
      await serves(opened, 2)

      expect(opened.logger.summary).toEqual([LOST, BACK])
    })

    it('are one for a lost server of a cluster, and one for its return', async () => {
      await using cluster = await startCluster()
      const opened = await open(library, { url: cluster.url })
      await serves(opened, 1)
      const owner = await cluster.ownerOf(await cluster.slotOf('a'))

      await owner.kill()
      await isLost(opened)
      await owner.restart()
      await isBack(opened)
      await serves(opened, 1)

      expect(opened.logger.summary).toEqual([LOST, BACK])
      const node = `127.0.0.1:${owner.port}`
      expect(opened.logger.lines.map(({ details }) => details)).toMatchObject([{ node }, { node }])
    })

    it('are one for a lost server of a cluster, and one when another has taken over', async () => {
      await using cluster = await startCluster()
      const opened = await open(library, { url: cluster.url })
      await serves(opened, 1)

      const { before } = await cluster.failOver(await cluster.slotOf('a'))
      await serves(opened, 1)
      await isBack(opened)

      expect(opened.logger.summary).toEqual([LOST, REPLACED])
      const node = `127.0.0.1:${before.port}`
      expect(opened.logger.lines.map(({ details }) => details)).toMatchObject([{ node }, { node }])
    })
  })
})
