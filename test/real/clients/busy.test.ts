// A server that answers nobody while a client connects.
import { Redis as Ioredis5 } from 'ioredis'
import { Redis as Ioredis6 } from 'ioredis6'
import { expect, it, onTestFinished } from 'vitest'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'
import { realSettings } from './setting.ts'

const LOOP = "while redis.call('EXISTS', KEYS[1]) == 0 do end"

describeWithServers('a server that is busy with a script', () => {
  it.each([
    ['ioredis 5', (port: number) => new Ioredis5(port)],
    ['ioredis 6', (port: number) => new Ioredis6(port)],
  ] as const)('is not taken for one that refuses INFO: %s', async (_, make) => {
    await using server = await startRedis({ config: ['busy-reply-threshold 1'] })
    const running = server.command('EVAL', LOOP, 1, 'end').catch(() => undefined)
    await until('the script', async () => String(await server.command('PING').catch(String)).includes('BUSY'))
    const user = make(server.port)
    onTestFinished(() => user.disconnect())
    const settings = realSettings()
    const client = adaptClient(user, settings)
    onTestFinished(() => client.close())
    await until('a line', () => settings.logger.lines.length > 0)
    expect(settings.logger.lines[0]!.details).toMatchObject({
      err: { message: expect.stringMatching(/^BUSY/) as string },
    })

    await server.command('SCRIPT', 'KILL')
    await running
    await until('the return', async () => {
      const reply = await client
        .connectionFor('a')
        .run({ args: ['SET', 'a', '1'] }, 'text')
        .catch(() => undefined)
      return reply === 'OK'
    })
  })
})
