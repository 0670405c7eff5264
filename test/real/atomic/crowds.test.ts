import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ClosedError } from '../../../src/index.ts'
import { Lock, Semaphore, withLock } from '../../../src/lock/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { failureOf } from '../../support/error-of.ts'
import { Peer } from '../../support/peer.ts'
import { ENGINES, openCache, type OpenCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'
import type * as holder from './holder.ts'

const CALLERS = 400

async function commandsOf(server: RedisServer): Promise<number> {
  return Number((await server.info('stats')).get('total_commands_processed'))
}

describeWithServers('crowds of callers over Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.close()
  })

  for (const engine of ENGINES) {
    for (const client of CLIENT_NAMES) {
      const on = `${engine}, ${client}`
      const prefix = `${engine}:${client}:`.replaceAll(' ', '-')
      const opened = async (): Promise<OpenCache> => openCache(engine, client, server.url, { prefix })

      it(`get one lock in the order of their calls, for few commands: ${on}`, async () => {
        await using open = await opened()
        const { cache } = open
        const order: number[] = []
        let inside = 0
        const before = await commandsOf(server)
        await Promise.all(
          Array.from({ length: CALLERS }, async (_, index) =>
            withLock(cache, 'a', async () => {
              expect(++inside).toBe(1)
              await Promise.resolve()
              order.push(index)
              inside--
            }),
          ),
        )
        const commands = (await commandsOf(server)) - before

        expect(order).toEqual(Array.from({ length: CALLERS }, (_, index) => index))
        // The number includes heartbeats, and commands that scripts run on the server.
        expect(commands / CALLERS).toBeLessThan(12)
      })

      it(`use all permits of a semaphore: ${on}`, async () => {
        await using open = await opened()
        const { cache } = open
        const semaphore = new Semaphore(cache, 's', 20)
        let inside = 0
        let most = 0
        const work = Array.from({ length: 100 }, async () => {
          await using _ = await semaphore.acquire()
          most = Math.max(most, ++inside)
          await cache.get('any')
          await cache.get('any')
          inside--
        })
        await Promise.all(work)
        expect(most).toBe(20)
      })

      it(`count exactly up to 2^53: ${on}`, async () => {
        await using open = await opened()
        const { cache } = open
        for (const algorithm of ['gcra', 'fixed-window', 'sliding-window'] as const) {
          for (const limits of [1, 2]) {
            const rule = { limit: 3, window: '30d', algorithm } as const
            const limiter = new RateLimiter(cache, {
              name: `${algorithm}-${limits}`,
              limits: Array.from({ length: limits }, () => rule),
              whenUnavailable: 'allow',
            })
            expect(await limiter.penalty('a', 123_456_789)).toMatchObject({
              allowed: false,
              remaining: 0,
              decidedBy: 'store',
            })
            expect(await limiter.consume('a')).toMatchObject({ allowed: false, decidedBy: 'store' })
          }
        }
      })

      it(`get no lock once the cache is closed: ${on}`, async () => {
        await using open = await opened()
        const { cache } = open
        const lock = new Lock(cache, 'closed', { ttl: '200ms' })
        const held = await lock.acquire()
        const waiting = failureOf(async () => lock.acquire())
        await cache.get('any')
        await cache.close()
        expect(await waiting).toBeInstanceOf(ClosedError)
        expect(await failureOf(async () => lock.tryAcquire())).toBeInstanceOf(ClosedError)
        expect(await failureOf(async () => lock.acquire())).toBeInstanceOf(ClosedError)
        await held.release()
      })
    }
  }
})

describeWithServers('crowds of several processes', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis()
  })
  afterEach(async () => {
    await server.close()
  })

  it('take turns, none is refused, and few commands are sent', async () => {
    const peers = [0, 1, 2].map(() => new Peer<typeof holder>(new URL('holder.ts', import.meta.url)))
    await Promise.all(peers.map(async (peer) => peer.call.connect(server.url)))
    const before = await commandsOf(server)
    const results = await Promise.all(peers.map(async (peer) => peer.call.crowd('a', 130)))
    const commands = (await commandsOf(server)) - before
    expect(await Promise.all(peers.map(async (peer) => peer.end()))).toEqual([0, 0, 0])

    const all = results.flat().toSorted(([, a], [, b]) => a - b)
    expect(all.length).toBe(390)
    for (const [index, [fence, begin]] of all.entries()) {
      const earlier = all[index - 1]
      if (earlier === undefined) continue
      expect(fence).toBeGreaterThan(earlier[0])
      expect(begin).toBeGreaterThanOrEqual(earlier[2])
    }
    expect(commands / 390).toBeLessThan(60)
  })
})
