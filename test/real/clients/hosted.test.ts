// Refusals of hosted services, through every client library.
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { describeWithServers, HOSTED, startHosted, startRedis, type HostedService } from '../servers/index.ts'
import type { HostedBehaviour, RedisServer } from '../servers/index.ts'
import { until } from '../../support/until.ts'
import { IMPORTS, MAKES } from './libraries.ts'
import { realSettings } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

let server: RedisServer

function messages(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}

describeWithServers('a client before a hosted service', () => {
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  describe.each(Object.keys(IMPORTS))('%s', (library) => {
    async function open(
      behaviour: Partial<HostedBehaviour>,
    ): Promise<{ redis: RedisClient; service: HostedService; summary: () => readonly string[] }> {
      const service = await startHosted(server, behaviour)
      const settings = realSettings()
      const redis = await openClient({ port: service.port }, settings, IMPORTS[library])
      onTestFinished(async () => {
        await redis.close()
        await service.close()
      })
      return { redis, service, summary: () => settings.logger.summary }
    }

    const run = (redis: RedisClient, ...args: readonly string[]): Promise<Reply> =>
      redis.connectionFor('a').run({ args }, 'text')

    const reasonOf = (redis: RedisClient, ...args: readonly string[]): Promise<unknown> =>
      run(redis, ...args).catch((error: unknown) => (error as { reason: string }).reason)

    const isUp = (redis: RedisClient): Promise<unknown> =>
      until('it to be connected', async () => (await reasonOf(redis, 'PING')) === 'PONG')

    it('takes a refusal without a code for an answer, and says it once', async () => {
      const { redis, summary } = await open(HOSTED.envoy())
      await isUp(redis)
      const before = summary().length

      for (let count = 0; count < 10; count++) expect(await reasonOf(redis, 'CLIENT', 'ID')).toBe('protocol')
      const row = await redis
        .connectionFor('a')
        .runAll([{ args: ['CLIENT', 'ID'] }, { args: ['PING'] }, { args: ['SCAN', '0'] }], 'text')

      expect(row).toMatchObject([{ reason: 'protocol' }, 'PONG', { reason: 'protocol' }])
      expect(await run(redis, 'PING')).toBe('PONG')
      expect(summary().slice(before)).toEqual([
        'warn: Redis refuses the command CLIENT; a server that is replaced during deleteByPrefix() may go unnoticed',
        'warn: Redis refuses the command SCAN; keys(), deleteByPrefix() and clear() of what has no generations do not work',
      ])
    })

    it.each(['CLIENT', 'CONFIG', 'INFO', 'HELLO', 'SELECT', 'SCAN', 'ROLE'])(
      'connects without %s',
      async (name) => {
        const { redis, service } = await open(HOSTED.refusing(name))
        await isUp(redis)
        expect(await run(redis, 'SET', 'a', 'b')).toBe('OK')
        service.cut()
        await isUp(redis)
      },
    )

    it('does without messages where SUBSCRIBE is refused, and says it once', async () => {
      for (const behaviour of [HOSTED.envoy(), HOSTED.refusing('SUBSCRIBE')]) {
        const { redis, service, summary } = await open(behaviour)
        await isUp(redis)
        redis.subscribe('channel', vi.fn(), vi.fn())
        const told = (): number =>
          summary().filter((line) => line.includes('does not let us subscribe')).length
        await until('it to be said', () => told() === 1)
        service.cut()
        const before = service.sent('SUBSCRIBE')
        await until('it to be tried again', () => service.sent('SUBSCRIBE') > before)
        await isUp(redis)
        expect(told()).toBe(1)
      }
    })

    it('says what to do where a client of the user fails its ready check', async () => {
      const service = await startHosted(server, HOSTED.refusing('INFO'))
      const made = MAKES[library]!(service.port)
      const settings = realSettings()
      const redis = adaptClient(made.client, settings)
      onTestFinished(async () => {
        await redis.close()
        made.close()
        await service.close()
      })
      const isHelped = (): boolean =>
        settings.logger.lines.some(({ details }) =>
          JSON.stringify(details, messages).includes('enableReadyCheck: false'),
        )

      // node-redis does not ask.
      if (library.startsWith('node-redis')) await isUp(redis)
      else await until('it to be said', isHelped)
    })

    it('holds a server that loads for one that lives, and asks on', async () => {
      const { redis, service, summary } = await open({})
      await isUp(redis)
      service.answersAll = 'LOADING Redis is loading the dataset in memory'
      for (let count = 0; count < 10; count++) expect(await reasonOf(redis, 'GET', 'a')).toBe('unavailable')
      service.answersAll = undefined

      expect(await run(redis, 'PING')).toBe('PONG')
      expect(summary().filter((line) => line.includes('does not answer'))).toEqual([])
    })

    it('takes the loss of its connection for silence, not for an answer', async () => {
      const { redis, service } = await open({})
      await isUp(redis)
      const waiting = reasonOf(redis, 'BLPOP', 'nothing', '0')
      await until('it to be sent', () => service.sent('BLPOP') === 1)
      service.cut()
      expect(await waiting).toBe('unavailable')
    })
  })
})
