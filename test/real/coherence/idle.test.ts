// Commands that an idle process sends. With entries in a few partitions it asks about those.
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startCluster, startRedis, type RedisServer } from '../servers/index.ts'
import { callsOf, numbered, tieredNode } from './fleet.ts'

const HEARTBEAT_S = 0.25
const WINDOW_S = 3
/** Number of heartbeats in a window, because one more may begin in it. */
const BEATS = WINDOW_S / HEARTBEAT_S + 1
const JOURNAL = { staleness: { heartbeat: HEARTBEAT_S }, outage: { journal: 1 } }

async function targets(kind: 'one server' | 'a cluster'): Promise<{
  readonly url: string
  readonly masters: readonly RedisServer[]
}> {
  if (kind === 'one server') {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    return { url: redis.url, masters: [redis] }
  }
  const cluster = await startCluster()
  onTestFinished(async () => cluster[Symbol.asyncDispose]())
  return { url: cluster.url, masters: await cluster.masters() }
}

async function sum(masters: readonly RedisServer[], command: string): Promise<number> {
  const calls = await Promise.all(masters.map(async (master) => callsOf(master, command)))
  return calls.reduce((total, count) => total + count, 0)
}

// Counts scripts and reads that the process sends in a while. Other commands come from client libraries and replicas.
async function sentIn(masters: readonly RedisServer[]): Promise<number> {
  const count = async (): Promise<number> => {
    const counts = await Promise.all(['get', 'evalsha', 'eval'].map(async (name) => sum(masters, name)))
    return counts.reduce((total, one) => total + one, 0)
  }
  const before = await count()
  const endMs = performance.now() + WINDOW_S * 1_000
  await until('the window to pass', () => performance.now() >= endMs)
  return (await count()) - before
}

async function untilQuiet(masters: readonly RedisServer[], most: number): Promise<void> {
  await until('the journal to be over', async () => (await sentIn(masters)) <= most, { timeoutMs: 60_000 })
}

describeWithServers('an idle process with two tiers', () => {
  describe.each(['one server', 'a cluster'] as const)('on %s', (kind) => {
    it.each<ClientName>(['node-redis 6', 'ioredis 5'])('%s', { timeout: 180_000 }, async (client) => {
      const { url, masters } = await targets(kind)
      const node = await tieredNode(client, url, JOURNAL)
      const keys = numbered('k', 400)
      for (const key of keys) await node.set(key, { of: key })
      for (const key of keys) expect(await node.get(key)).toEqual({ of: key })
      await node.deleteMany([...keys, 'connected'])
      await untilQuiet(masters, 0)

      // For a known tag, it asks for one log.
      await node.set('tagged', { n: 1 }, { tags: ['t'] })
      await node.delete('tagged')
      await untilQuiet(masters, BEATS)

      const few = numbered('few', 3)
      for (const key of few) await node.set(key, { of: key })
      await untilQuiet(masters, (few.length + 1) * BEATS)
      for (const key of few) {
        expect(await node.get(key)).toEqual({ of: key })
        expect((await node.explain(key)).tiers[0]).toMatchObject({ tier: 'l1', state: 'fresh' })
      }
    })
  })
})
