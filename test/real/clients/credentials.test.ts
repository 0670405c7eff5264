// Passwords that change, and certificates with names.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { withServerNames } from '../../../src/redis/libraries/server-names.ts'
import { targetOf } from '../../../src/redis/connection/options.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startHosted, startRedis, type HostedService } from '../servers/index.ts'
import type { RedisServer } from '../servers/index.ts'
import { IMPORTS, MAKES } from './libraries.ts'
import { realSettings } from './setting.ts'

const KEYS = Array.from({ length: 12 }, (_, index) => `key ${index}`)

/** Whether every connection of a pool answers. */
async function isWell(redis: RedisClient): Promise<boolean> {
  const answers = await Promise.allSettled(
    KEYS.map((key) => redis.connectionFor(key).run({ args: ['GET', key] }, 'text')),
  )
  return answers.every(({ status }) => status === 'fulfilled')
}

describeWithServers('credentials that change', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  async function rotating(): Promise<HostedService> {
    const service = await startHosted(server, { username: 'app', password: 'first' })
    onTestFinished(() => service.close())
    return service
  }

  async function followsARotation(
    redis: RedisClient,
    service: HostedService,
    rotate: () => void,
  ): Promise<void> {
    const onReady = vi.fn()
    onTestFinished(redis.subscribe('channel', () => undefined, onReady))
    await until('all to be connected', async () => (await isWell(redis)) && onReady.mock.calls.length > 0)
    const subscribed = onReady.mock.calls.length

    service.password = 'second'
    rotate()
    service.cut()

    await until(
      'all to be connected again',
      async () => (await isWell(redis)) && onReady.mock.calls.length > subscribed,
    )
  }

  describe.each(Object.keys(IMPORTS))('%s', (library) => {
    it('asks a function at each connection', async () => {
      const service = await rotating()
      let login = { username: 'app', password: 'first' }
      const credentials = vi.fn(async () => login)
      const options = { port: service.port, credentials, pool: 3 }
      const redis = await openClient(options, realSettings(), IMPORTS[library])
      onTestFinished(() => redis.close())

      await followsARotation(redis, service, () => {
        login = { username: 'app', password: 'second' }
      })

      expect(credentials.mock.calls.length).toBeGreaterThanOrEqual(8)
    })

    it('goes on asking a function that fails', async () => {
      const service = await rotating()
      let isAway = true
      const credentials = async (): Promise<object> => {
        if (isAway) throw new Error('the token service is away')
        return { username: 'app', password: 'first' }
      }
      const settings = realSettings()
      const redis = await openClient({ port: service.port, credentials }, settings, IMPORTS[library])
      onTestFinished(() => redis.close())
      await until('it to be said', () => settings.logger.lines.length > 0)
      isAway = false
      await until('it to be connected', () => isWell(redis))
    })

    it('connects like a client of the user, with what that one has then', async () => {
      const service = await rotating()
      const made = MAKES[library]!(service.port, { username: 'app', password: 'first' })
      const redis = adaptClient(made.client, realSettings(), 3)
      onTestFinished(async () => {
        await redis.close()
        made.close()
      })

      await followsARotation(redis, service, () => {
        const { options } = made.client as object as { options: { password: string } }
        options.password = 'second'
      })
    })
  })
})

describe('credentials', () => {
  it('stand alone', () => {
    const credentials = (): object => ({})
    expect(() => targetOf({ credentials, password: 'p' })).toThrow(
      'credentials: it tells user name and password',
    )
    expect(() => targetOf({ credentials: {} as never })).toThrow('credentials: a object is not a function')
    expect(() => targetOf({ credentials, client: {} as never })).toThrow("credentials can't be given with it")
  })
})

describe('withServerNames', () => {
  const certificate = { subject: { CN: 'redis.test' }, subjectaltname: 'DNS:redis.test' } as never
  type Checks = { checkServerIdentity(host: string, certificate: never): Error | undefined }

  it('takes a certificate with a name of the URL for a node that is known by its number', () => {
    const { checkServerIdentity } = withServerNames({}, ['10.0.0.1', 'redis.test']) as Checks
    expect(checkServerIdentity('10.0.0.7', certificate)).toBeUndefined()
    expect(checkServerIdentity('redis.test', certificate)).toBeUndefined()
    expect(checkServerIdentity('other.test', certificate)).toBeInstanceOf(Error)
    const other = withServerNames({}, ['other.test']) as Checks
    expect(other.checkServerIdentity('10.0.0.7', certificate)).toBeInstanceOf(Error)
  })

  it('leaves what the user says of names', () => {
    for (const tls of [
      { servername: 'a' },
      { checkServerIdentity: () => undefined },
      { rejectUnauthorized: false },
    ])
      expect(withServerNames(tls, ['redis.test'])).toBe(tls)
    expect(withServerNames({}, ['10.0.0.1'])).toEqual({})
  })
})
