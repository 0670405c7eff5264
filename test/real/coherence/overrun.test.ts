// Nodes that fall behind the log of a partition. No server has lost anything, so nothing is removed.
import { expect, it, onTestFinished } from 'vitest'
import { setImmediate } from 'node:timers/promises'
import { Peer } from '../../support/peer.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'
import { countOf, epochOf, heartbeats, numbered, stall, tieredNode } from './fleet.ts'
import type * as WriterTasks from './writer.ts'

const BULK = 25_000
const SESSIONS = 300

async function server(): Promise<RedisServer> {
  const started = await startRedis()
  onTestFinished(() => started.close())
  return started
}

describeWithServers('a log that is outrun', () => {
  it.each([
    ['node-redis 6', 'pubsub', 0.2, 1_500],
    ['ioredis 5', 'pubsub', 0.2, 1_500],
    ['node-redis 5', 'none', 4, 0],
    ['ioredis 6', 'none', 4, 0],
  ] as const)(
    'removes nothing that was set: %s, bus %s, a heartbeat of %d s, an event loop that stands still for %i ms',
    { timeout: 120_000 },
    async (client, bus, heartbeat, stallMs) => {
      const redis = await server()
      const nodes = [
        await tieredNode(client, redis.url, { bus, staleness: { heartbeat, maxLag: heartbeat + 1 } }),
        await tieredNode(client, redis.url, { bus, staleness: { heartbeat, maxLag: heartbeat + 1 } }),
      ]
      const sessions = numbered('session', SESSIONS)
      for (const [index, key] of sessions.entries()) await nodes[index % 2]!.set(key, { user: index })
      const { ordinal } = (await epochOf(redis))!
      const writer: Peer<typeof WriterTasks> = new Peer(new URL('writer.ts', import.meta.url))
      onTestFinished(() => writer.kill())
      await writer.call.open(client, redis.url)

      const writing = writer.call.bulk(BULK)
      const rounds = stallMs > 0 ? 3 : 0
      for (let round = 0; round < rounds; round++) {
        stall(stallMs)
        await setImmediate()
      }
      expect(await writing).toBe(true)
      // The time suffices for a replay of each node: one comes at once, the others within two heartbeats.
      await heartbeats(redis, stallMs > 0 ? 12 : 6)

      expect(await countOf(redis, numbered('bulk', BULK))).toBe(BULK)
      expect(await countOf(redis, sessions)).toBe(SESSIONS)
      expect((await epochOf(redis))!.ordinal).toBe(ordinal)
      // A value that was changed meanwhile is not served from memory.
      await nodes[0]!.set('session:0', { user: 'other' })
      await until('the other node to see the change', async () => {
        const found = await nodes[1]!.get('session:0')
        return JSON.stringify(found) === '{"user":"other"}'
      })
    },
  )
})
