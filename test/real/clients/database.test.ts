// A server that does not have the database of a client: nothing is read from another one in its place.
import { expect, it, onTestFinished } from 'vitest'
import { RedisCache } from 'cachette/redis'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { adaptClient, type ConnectableClient } from '../../../src/redis/libraries/adapt.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { CLIENT_NAMES, nativeClient } from '../native-clients.ts'
import { describeWithServers, RedisServer, startRedis } from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const LOST = 'warn: Redis is not connected; it is tried again until it is'

async function serverWithData(): Promise<RedisServer> {
  const server = await startRedis({ config: ['databases 4'] })
  onTestFinished(() => server.close())
  await server.command('SET', 'a', 'of database 0')
  return server
}

async function neverServes(client: ConnectableClient, logger: RecordingLogger): Promise<void> {
  const connection = client.connectionFor('a')
  const failures: string[] = []
  await until('ten refusals', async () => {
    const reply = await connection.run({ args: ['GET', 'a'] }, 'text').catch((error: unknown) => {
      failures.push(String(error))
    })
    expect(reply).toBeUndefined()
    return failures.length >= 10 && failures.at(-1)?.includes('DB index is out of range') === true
  })
  expect(logger.summary).toEqual([LOST])
}

describeWithServers('a database that the server does not have', () => {
  it.each(CLIENT_NAMES)('is no other one, by URL: %s', async (library) => {
    const server = await serverWithData()
    const logger = new RecordingLogger()
    const client = (await openClient(
      { url: `${server.url}/9` },
      { ...realSettings(), logger },
      IMPORTS[library],
    )) as ConnectableClient
    onTestFinished(() => client.close())
    await neverServes(client, logger)
  })

  it.each(CLIENT_NAMES)('is no other one, with a client of the user: %s', async (library) => {
    const server = await serverWithData()
    const native = nativeClient(library, `${server.url}/9`)
    onTestFinished(() => native.close())
    const logger = new RecordingLogger()
    const client = adaptClient(native.client, { ...realSettings(), logger })
    onTestFinished(() => client.close())
    await neverServes(client, logger)
  })

  it.each(CLIENT_NAMES)('is used as soon as the server has it: %s', async (library) => {
    const server = await serverWithData()
    const native = nativeClient(library, `${server.url}/9`)
    onTestFinished(() => native.close())
    const cache = new RedisCache({ client: native.client, prefix: 'app:', ttl: '1h', logger: silentLogger })
    onTestFinished(() => cache.close())
    expect(await cache.set('key', 'value')).toBe(false)
    await server.kill()
    await using another = new RedisServer(server.port, {})
    expect(await another.start()).toBe(true)
    await until('the database', async () => cache.set('key', 'value'))
    expect(await another.command('DBSIZE')).toBe(0)
  })

  // node-redis does not connect without the database.
  const CONNECTED = ['ioredis 5', 'ioredis 6'] as const
  it.each(CONNECTED)('is no other one, with a client that is connected already: %s', async (library) => {
    const server = await serverWithData()
    const native = nativeClient(library, `${server.url}/9`)
    onTestFinished(() => native.close())
    await until('a connection', () => 'status' in native.client && native.client.status === 'ready')
    const logger = new RecordingLogger()
    const client = adaptClient(native.client, { ...realSettings(), logger })
    onTestFinished(() => client.close())
    await neverServes(client, logger)
  })
})
