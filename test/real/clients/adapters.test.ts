import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { describeWithServers } from '../servers/index.ts'
import { LIBRARIES, type Made } from './libraries.ts'
import { Server, until } from './server.ts'
import { realSettings, script } from './setting.ts'

let server: Server

describeWithServers('adapters', () => {
  beforeAll(async () => {
    server = await Server.start()
  })

  afterAll(async () => {
    await server.stop()
  })

  describe.each(Object.keys(LIBRARIES))('%s', (library) => {
    let made: Made
    let redis: RedisClient

    beforeEach(async () => {
      made = await LIBRARIES[library]!(server.port)
      redis = adaptClient(made.client, realSettings())
      const connection = redis.connectionFor('')
      await connection.runAll([{ args: ['FLUSHALL'] }, { args: ['CONFIG', 'RESETSTAT'] }], 'text')
    })

    afterEach(async () => {
      await redis.close()
      made.close()
    })

    it('answers text, bytes, numbers, null and lists', async () => {
      const connection = redis.connectionFor('a')
      const list = script(`return {1, 'two', false, {'three'}}`)

      expect(await connection.run({ args: ['SET', 'a', 'é'] }, 'text')).toBe('OK')
      expect(await connection.run({ args: ['GET', 'a'] }, 'text')).toBe('é')
      expect(await connection.run({ args: ['GET', 'a'] }, 'bytes')).toEqual(Buffer.from('é'))
      expect(await connection.run({ args: ['GET', 'b'] }, 'text')).toBeNull()
      expect(await connection.run({ args: ['INCR', 'n'] }, 'bytes')).toBe(1)
      expect(await connection.run({ script: list, keys: [], args: [] }, 'text')).toEqual([
        1,
        'two',
        null,
        ['three'],
      ])
    })

    it('sends bytes of any kind as they are', async () => {
      const bytes = new Uint8Array([9, 0, 255, 13, 10, 128]).subarray(1)
      const connection = redis.connectionFor('a')

      await connection.run({ args: ['SET', 'a', bytes] }, 'text')

      expect(await connection.run({ args: ['GET', 'a'] }, 'bytes')).toEqual(Buffer.from(bytes))
    })

    it('runs a script that the server has forgotten', async () => {
      const connection = redis.connectionFor('a')
      const echo = { script: script('return {KEYS[1], ARGV[1]}'), keys: ['a'], args: ['x'] }
      await connection.run({ args: ['SCRIPT', 'FLUSH'] }, 'text')

      expect(await connection.run(echo, 'text')).toEqual(['a', 'x'])
      expect(await connection.run(echo, 'text')).toEqual(['a', 'x'])
      expect(await connection.run({ args: ['INFO', 'commandstats'] }, 'text')).toMatch(
        /cmdstat_eval:calls=1,/,
      )
    })

    it('runs a row in its order; an error is the reply of its command alone', async () => {
      const connection = redis.connectionFor('a')

      const replies = await connection.runAll(
        [
          { args: ['SET', 'a', '1'] },
          { args: ['LPUSH', 'a', 'x'] },
          { args: ['INCR', 'a'] },
          { args: ['NONSENSE'] },
        ],
        'text',
      )

      expect(replies).toEqual([
        'OK',
        expect.objectContaining({ code: 'ERR_CACHE_STORE_UNAVAILABLE', reason: 'wrong-type' }),
        2,
        expect.objectContaining({ reason: 'protocol' }),
      ])
    })

    it('runs a row of scripts that the server has forgotten, each of them with its source once', async () => {
      const connection = redis.connectionFor('a')
      const push = script(`return redis.call('RPUSH', KEYS[1], ARGV[1])`)
      const size = script(`return redis.call('LLEN', KEYS[1])`)
      await connection.run({ args: ['SCRIPT', 'FLUSH'] }, 'text')
      await connection.run({ args: ['CONFIG', 'RESETSTAT'] }, 'text')

      const replies = await connection.runAll(
        [
          { script: push, keys: ['a'], args: ['x'] },
          { args: ['PING'] },
          { script: push, keys: ['a'], args: ['y'] },
          { script: size, keys: ['a'], args: [] },
        ],
        'text',
      )

      expect(replies).toEqual([1, 'PONG', 2, 2])
      expect(await connection.run({ args: ['LRANGE', 'a', '0', '-1'] }, 'text')).toEqual(['x', 'y'])
      expect(await connection.run({ args: ['INFO', 'commandstats'] }, 'text')).toMatch(
        /cmdstat_eval:calls=2,/,
      )
    })

    it('rejects with an error that says why, without the command', async () => {
      const connection = redis.connectionFor('a')
      await connection.run({ args: ['SET', 'a', 'secret'] }, 'text')

      const refused: unknown = await connection
        .run({ args: ['LPUSH', 'a', 'secret'] }, 'text')
        .catch((error) => error)

      expect(refused).toMatchObject({ name: 'StoreUnavailableError', reason: 'wrong-type' })
      expect(JSON.stringify({ ...(refused as object) })).not.toContain('secret')
    })

    it('writes what is sent in one turn at once', async () => {
      const connection = redis.connectionFor('a')
      const reads = async (): Promise<number> => {
        const info = (await connection.run({ args: ['INFO', 'stats'] }, 'text')) as string
        return Number(/total_reads_processed:(\d+)/.exec(info)![1])
      }
      const before = await reads()

      await Promise.all(Array.from({ length: 50 }, () => connection.run({ args: ['GET', 'a'] }, 'text')))

      expect((await reads()) - before).toBeLessThanOrEqual(3)
    })

    it('receives messages on a connection of its own, and says when', async () => {
      const received: string[] = []
      let ready = 0
      const stop = redis.subscribe(
        'channel',
        (text) => received.push(text),
        () => ready++,
      )
      await until(() => ready === 1)

      await redis.connectionFor('').run({ args: ['PUBLISH', 'channel', 'é'] }, 'text')
      await until(() => received.length === 1)

      expect(received).toEqual(['é'])
      stop()
    })
  })
})
