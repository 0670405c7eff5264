import { afterAll, beforeAll, expect, it } from 'vitest'
import { cacheOver } from '../caches.ts'
import { until } from '../../support/until.ts'
import { nativeClient, type NativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const FOREIGN = 1_000_000
const WILD = 'a*?[b-c]\\^'

describeWithServers('prefixes on a server with a million foreign keys', () => {
  let server: RedisServer
  let native: NativeClient

  beforeAll(async () => {
    server = await startRedis({ config: ['enable-debug-command yes'] })
    await server.command('DEBUG', 'POPULATE', FOREIGN, 'foreign')
    native = nativeClient('node-redis 6', server.url)
  })
  afterAll(async () => {
    await native.close()
    await server.close()
  })

  it.each(['physical', 'generation'] as const)(
    'clears a namespace full of glob characters and nothing else (%s)',
    async (mode) => {
      await using root = cacheOver('redis', native.client, { prefix: `${WILD}:` })
      await until('the cache to be connected', async () => root.set('connected', true))
      const neighbours = cacheOver('redis', native.client, { prefix: 'a1b:' })
      await until('the neighbours to be connected', async () => neighbours.set('connected', true))
      const wild = root.namespace(WILD, { mode })
      const similar = root.namespace('aXYb', { mode })
      for (let index = 0; index < 100; index++) {
        expect(await wild.set(`${WILD}${index}`, index)).toBe(true)
        expect(await similar.set(`${WILD}${index}`, index)).toBe(true)
        expect(await neighbours.set(`${WILD}${index}`, index)).toBe(true)
      }
      expect(await wild.deleteByPrefix(`${WILD}1`)).toBe(11)
      expect(await wild.get(`${WILD}2`)).toBe(2)
      expect(await wild.clear()).toBe(true)
      for (let index = 0; index < 100; index++) {
        expect(await wild.get(`${WILD}${index}`)).toBeUndefined()
        expect(await similar.get(`${WILD}${index}`)).toBe(index)
        expect(await neighbours.get(`${WILD}${index}`)).toBe(index)
      }
      expect(await root.deleteByPrefix('aXYb')).toBe(100)
      await neighbours.close()
      const left = Number(await server.command('DBSIZE'))
      expect(left).toBeGreaterThanOrEqual(FOREIGN)
      const foreign = await server.command('EXISTS', 'foreign:0', `foreign:${FOREIGN - 1}`)
      expect(foreign).toBe(2)
    },
  )

  it('refuses to clear a whole database unless it is its own', async () => {
    await using cache = cacheOver('redis', native.client, { prefix: '' })
    await expect(cache.clear()).rejects.toThrow(/ownsDatabase/)
    await expect(cache.deleteByPrefix('')).rejects.toThrow(/ownsDatabase/)
  })

  it('never uses KEYS, FLUSHDB or FLUSHALL', async () => {
    const commands = await server.info('commandstats')
    expect(commands.has('cmdstat_scan')).toBe(true)
    for (const name of ['keys', 'flushdb', 'flushall']) expect(commands.has(`cmdstat_${name}`)).toBe(false)
  })
})
