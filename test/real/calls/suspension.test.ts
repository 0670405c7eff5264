import { MemoryCache, TieredCache, type Clock } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { describeWithServers, startProxy, startRedis } from '../servers/index.ts'

/**
 * The clocks of a machine that sleeps without waiting. Its monotonic clock stands still, and its wall clock does not.
 */
class SleepingClock implements Clock {
  #sleptMs = 0

  now(): number {
    return performance.now()
  }

  wallNow(): number {
    return Date.now() + this.#sleptMs
  }

  sleep(ms: number): void {
    this.#sleptMs += ms
  }
}

const silent = { warn: () => undefined, error: () => undefined }

async function stage(library: ClientName) {
  const server = await startRedis()
  const proxy = await startProxy(server)
  const clock = new SleepingClock()
  const clients = [nativeClient(library, proxy.url), nativeClient(library, server.url)] as const
  const options = { prefix: 'sleep:', ttl: '1h', logger: silent } as const
  const l2 = new RedisCache({ client: clients[0].client, clock, ...options })
  const l1 = new MemoryCache({ clock })
  const node = new TieredCache({ l1, l2, clock, staleness: { policy: 'strict' }, ttl: '1h', logger: silent })
  const other = new RedisCache({ client: clients[1].client, ...options })
  await until('the other to be connected', async () => other.set('ready', true))
  await until('the node to be connected', async () => (await node.get('ready')) === true)
  return {
    proxy,
    clock,
    node,
    other,
    [Symbol.asyncDispose]: async () => {
      proxy.mode = { kind: 'pass' }
      for (const cache of [node, l2, l1, other]) await cache.close()
      for (const client of clients) await client.close()
      await proxy.close()
      await server.close()
    },
  }
}

/** Reads until the tier of the node has the value. */
async function isKept(node: TieredCache, value: string): Promise<void> {
  await until(`the tier to have ${value}`, async () => {
    await node.get('price')
    return (await node.get('price', { skipRead: 'l2' })) === value
  })
}

describeWithServers('a node of two tiers on a machine that is suspended', () => {
  describe.each(['node-redis 6', 'ioredis 5'] as const)('through %s', (library) => {
    it('serves nothing beyond the bound over a dead line', async () => {
      await using world = await stage(library)
      const { proxy, clock, node, other } = world
      await other.set('price', 'old')
      await isKept(node, 'old')
      expect(await node.get('price')).toBe('old')
      proxy.mode = { kind: 'black-hole' }
      await other.delete('price')
      clock.sleep(20_000)
      expect(await node.get('price')).toBeUndefined()
    })

    it('serves nothing beyond the bound when it is awake for moments only', async () => {
      await using world = await stage(library)
      const { proxy, clock, node, other } = world
      await other.set('price', 'old')
      await isKept(node, 'old')
      proxy.mode = { kind: 'black-hole' }
      await other.delete('price')
      const seen: unknown[] = []
      for (let sleptMs = 0; sleptMs < 20_000; sleptMs += 400) {
        // The limit is the bound of 3 s, and the second that counts as an inaccuracy.
        if (sleptMs > 4_000) seen.push(await node.get('price', { skipRead: 'l2' }))
        else void node.get('price', { skipRead: 'l2' })
        clock.sleep(400)
      }
      expect(new Set(seen)).toEqual(new Set([undefined]))
    })

    it('serves its tier again as soon as the server was asked', async () => {
      await using world = await stage(library)
      const { clock, node, other } = world
      await other.set('price', 'old')
      await isKept(node, 'old')
      await other.set('price', 'new')
      clock.sleep(20_000)
      expect(await node.get('price')).toBe('new')
      await isKept(node, 'new')
    })
  })
})
