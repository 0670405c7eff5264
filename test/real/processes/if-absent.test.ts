// `set` with `ifAbsent`: one of several processes stores its value, and an answer that is lost takes nothing from another.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Peer } from '../../support/peer.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import type * as NodeTasks from './node.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

type Node = Peer<typeof NodeTasks>

const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const BOTH = ENGINES.flatMap((engine) => LIBRARIES.map((client) => [engine, client] as const))
const CALLERS = 20
const ROUNDS = 12
const IF_ABSENT = { ifAbsent: true } as const

describeWithServers('set if absent', () => {
  describe.each(ENGINES)('of %s in three processes', (engine) => {
    let server: RedisServer
    let nodes: readonly Node[]

    beforeAll(async () => {
      server = await startRedis()
      const clients: readonly ClientName[] = ['node-redis 6', 'ioredis 5', 'node-redis 5']
      nodes = clients.map(() => new Peer(new URL('node.ts', import.meta.url)))
      await Promise.all(nodes.map(async (node, index) => node.call.open(engine, server.url, clients[index]!)))
    })
    afterAll(async () => {
      await Promise.all(nodes.map(async (node) => node.kill()))
      await server.close()
    })

    it.each([
      ['without tags', {}, 'nothing'],
      ['with a tag', { tags: ['t'] }, 'nothing'],
      ['in place of an entry that its tag hides', { tags: ['t'] }, 'hidden'],
      ['with a row version', { rowVersion: 3 }, 'nothing'],
      ['in place of a stale entry', {}, 'stale'],
    ] as const)('stores the value of one caller %s', async (what, options, before) => {
      for (let round = 0; round < ROUNDS; round++) {
        const key = `${what}:${round}`
        if (before !== 'nothing') {
          await nodes[0]!.call.set(key, 'old', { ttl: '1h', grace: '1h', tags: ['t'] })
          await nodes[1]!.call.end(key, before)
        }
        const answers = await Promise.all(
          nodes.map(async (node) => node.call.add(key, CALLERS, { ...options, ttl: '1h' })),
        )
        const winners = answers.flatMap(({ won }) => won)
        expect(winners).toHaveLength(1)
        // Also a process that lost, and may have kept a value of its own.
        for (const { seen } of answers) expect(seen).toEqual(winners)
      }
    })
  })

  describe.each(BOTH)('of %s over %s', (engine, client) => {
    async function open(server: RedisServer, who: Engine = engine) {
      const opened = await openCache(who, client, server.url, {
        prefix: 'app:',
        staleness: { heartbeat: '100ms', maxLag: 1 },
      })
      onTestFinished(() => opened[Symbol.asyncDispose]())
      return opened.cache
    }

    async function start(): Promise<RedisServer> {
      const server = await startRedis()
      onTestFinished(() => server.close())
      return server
    }

    it('claims nothing that is not known, and removes nothing when it is over', async () => {
      const server = await start()
      const cache = await open(server)
      await cache.set('kept', 'by another')
      server.freeze()
      const { errors } = cache.stats()
      const unknown = { stored: false, reason: 'unavailable' }
      expect(await cache.set('kept', 'mine', { ...IF_ABSENT, result: 'full' })).toEqual(unknown)
      expect(await cache.set('free', 'mine', { ...IF_ABSENT, result: 'full' })).toEqual(unknown)
      expect(await cache.set('free', 'mine', IF_ABSENT)).toBe(false)
      expect(cache.stats().errors).toBe(errors + 3)
      expect(cache.stats().outbox).toMatchObject({ keys: 0, tags: 0, prefixes: 0 })
      server.resume()
      await until('the server to be back', async () => cache.set('probe', 1))
      expect(await cache.get('kept')).toBe('by another')
    })

    it('does not ask for each of many callers of one key', async () => {
      const server = await start()
      const cache = await open(server)
      const asked = async (): Promise<number> => {
        const stats = String(await server.command('INFO', 'commandstats'))
        const counts = [...stats.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)]
        return counts.reduce((total, [, calls]) => total + Number(calls), 0)
      }
      await cache.set('other', 'mine', IF_ABSENT)
      const before = await asked()
      const added = Array.from({ length: 200 }, async (_, n) => cache.set('key', n, IF_ABSENT))
      const [first, ...others] = await Promise.all(added)
      expect(first).toBe(true)
      expect(others.every((one) => !one)).toBe(true)
      // Two questions, and heartbeats.
      expect(await asked()).toBeLessThan(before + 50)
    })

    it('repeats a queued invalidation first, and keeps what it has stored', async () => {
      const server = await start()
      const cache = await open(server)
      await cache.set('key', 'old')
      server.freeze()
      expect(await cache.invalidate('key')).toMatchObject({ l2: 'queued' })
      server.resume()
      await until('the value to be stored', async () => cache.set('key', 'mine', IF_ABSENT))
      await until('nothing to be queued', () => cache.stats().outbox!.keys === 0)
      expect(await cache.get('key')).toBe('mine')
      expect(await cache.set('key', 'late', IF_ABSENT)).toBe(false)
    })

    it('takes an entry of another type for none, and one that it can not read for present', async () => {
      const server = await start()
      const cache = await open(server)
      await server.command('RPUSH', 'app:list', 'item')
      expect(await cache.set('list', 'mine', IF_ABSENT)).toBe(true)
      expect(await cache.get('list')).toBe('mine')
      await server.command('SET', 'app:damaged', '{ no JSON')
      expect(await cache.get('damaged')).toBeUndefined()
      expect(await cache.set('damaged', 'mine', IF_ABSENT)).toBe(false)
    })
  })
})
